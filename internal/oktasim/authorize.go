package oktasim

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// authorization is a checked authorization request (OpenID Connect Core section 3.1.2.1).
type authorization struct {
	redirectURI string
	state       string
	nonce       string
	challenge   string
	scopes      []string
	prompt      string
	loginHint   string
	maxAge      time.Duration // negative: not asked
}

// oauthError is an error of RFC 6749: a code for programs and a description for people.
type oauthError struct{ code, description string }

// authorize answers with a code at once when the browser has a session that will do, else with the login page.
func (o *Organisation) authorize(w http.ResponseWriter, r *http.Request) {
	request, ok := o.readAuthorization(w, r, r.Form)
	if !ok {
		return
	}
	if b, ok := o.currentBrowser(r); ok && o.sessionSuffices(b, request) {
		o.sendCode(w, r, request, b)
		return
	}
	if request.prompt == "none" {
		sendBack(w, r, request, errorAnswer(oauthError{"login_required", "The client specified not to prompt, but the user is not logged in."}))
		return
	}
	o.loginPage(w, r, request, r.Form)
}

// readAuthorization reads a request of authorize. A faulty one it answers: by a page, or at the client.
func (o *Organisation) readAuthorization(w http.ResponseWriter, r *http.Request, params url.Values) (request authorization, ok bool) {
	redirectURI, fault := o.checkClient(params)
	if fault != nil {
		o.refuse(w, http.StatusBadRequest, *fault)
		return request, false
	}
	request, fault = parseAuthorization(params, redirectURI)
	if fault != nil {
		sendBack(w, r, request, errorAnswer(*fault))
		return request, false
	}
	return request, true
}

// checkClient finds the faults after which the browser must not be sent anywhere.
func (o *Organisation) checkClient(params url.Values) (redirectURI string, fault *oauthError) {
	if params.Get("client_id") != o.cfg.ClientID {
		return "", &oauthError{"invalid_client", "Invalid value for 'client_id' parameter."}
	}
	redirectURI = params.Get("redirect_uri")
	if !slices.Contains(o.connection().RedirectURIs, redirectURI) {
		return "", &oauthError{"invalid_request", "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings."}
	}
	return redirectURI, nil
}

func parseAuthorization(params url.Values, redirectURI string) (authorization, *oauthError) {
	a := authorization{
		redirectURI: redirectURI, state: params.Get("state"), nonce: params.Get("nonce"), challenge: params.Get("code_challenge"),
		scopes: strings.Fields(params.Get("scope")), prompt: params.Get("prompt"), loginHint: params.Get("login_hint"), maxAge: -1,
	}
	if age, err := strconv.Atoi(params.Get("max_age")); err == nil && age >= 0 && age < 1<<31 {
		a.maxAge = time.Duration(age) * time.Second
	}
	return a, a.fault(params)
}

func (a authorization) fault(params url.Values) *oauthError {
	switch mode := params.Get("response_mode"); {
	case params.Get("response_type") != "code":
		return &oauthError{"unsupported_response_type", "The response type is not supported by the client: use code."}
	case mode != "" && mode != "query":
		return &oauthError{"invalid_request", "The response mode must be query."}
	case !slices.Contains(a.scopes, "openid"):
		return &oauthError{"invalid_scope", "The scope openid is required."}
	case a.challenge != "" && params.Get("code_challenge_method") != "S256":
		return &oauthError{"invalid_request", "The code challenge method must be S256."}
	case a.state == "":
		return &oauthError{"invalid_request", "The authentication request has an invalid 'state' parameter."}
	}
	return nil
}

func (o *Organisation) sessionSuffices(b browser, a authorization) bool {
	if a.prompt == "login" {
		return false
	}
	return a.maxAge < 0 || o.now().Sub(b.authenticated) <= a.maxAge
}

func (o *Organisation) sendCode(w http.ResponseWriter, r *http.Request, a authorization, b browser) {
	code := o.vault.addGrant(grant{
		personID: b.personID, redirectURI: a.redirectURI, nonce: a.nonce, challenge: a.challenge,
		scopes: a.scopes, authenticated: b.authenticated,
	})
	sendBack(w, r, a, url.Values{"code": {code}})
}

func errorAnswer(e oauthError) url.Values {
	return url.Values{"error": {e.code}, "error_description": {e.description}}
}

// sendBack redirects to the client. Like Okta, it adds no `iss`.
func sendBack(w http.ResponseWriter, r *http.Request, a authorization, answer url.Values) {
	target, err := url.Parse(a.redirectURI)
	if err != nil {
		http.Error(w, "the registered redirect URI cannot be read", http.StatusInternalServerError)
		return
	}
	q := target.Query()
	for key := range answer {
		q.Set(key, answer.Get(key))
	}
	if a.state != "" {
		q.Set("state", a.state)
	}
	target.RawQuery = q.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, target.String(), http.StatusSeeOther)
}

const browserCookie = "okta_sim_session"

// currentBrowser is the provider's session of the browser, unless its person may no longer sign in.
func (o *Organisation) currentBrowser(r *http.Request) (browser, bool) {
	cookie, err := r.Cookie(browserCookie)
	if err != nil {
		return browser{}, false
	}
	b, ok := o.vault.browser(cookie.Value)
	if !ok {
		return browser{}, false
	}
	p, ok := o.Person(b.personID)
	return b, ok && p.Status == Active
}

// login is the form post of the login page: a person was chosen. Without a request it signs in to the dashboard.
func (o *Organisation) login(w http.ResponseWriter, r *http.Request) {
	params, err := url.ParseQuery(r.PostForm.Get("request"))
	if err != nil {
		o.refuse(w, http.StatusBadRequest, oauthError{"invalid_request", "The sign-in request cannot be read."})
		return
	}
	p, ok := o.Person(r.PostForm.Get("person"))
	if !ok || p.Status != Active {
		o.refuse(w, http.StatusForbidden, oauthError{"access_denied", "This person may not sign in: the account is deactivated or unknown."})
		return
	}
	if len(params) == 0 {
		o.rememberBrowser(w, p)
		seeOther(w, r, "/")
		return
	}
	if request, ok := o.readAuthorization(w, r, params); ok {
		o.sendCode(w, r, request, o.rememberBrowser(w, p))
	}
}

func (o *Organisation) rememberBrowser(w http.ResponseWriter, p Person) browser {
	id, b := o.vault.addBrowser(p.ID)
	http.SetCookie(w, o.cookie(id, int(browserLifetime/time.Second)))
	return b
}

func (o *Organisation) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure wherever the organisation's address is https
		Name: browserCookie, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(o.cfg.BaseURL, "https:"),
	}
}

func (o *Organisation) endBrowser(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(browserCookie); err == nil {
		o.vault.forgetBrowser(cookie.Value)
	}
	http.SetCookie(w, o.cookie("", -1))
}

// signOut is the dashboard's own button.
func (o *Organisation) signOut(w http.ResponseWriter, r *http.Request) {
	o.endBrowser(w, r)
	seeOther(w, r, "/")
}

// logout is RP-initiated logout as Okta has it: the ID token is required, and the way back must be registered.
func (o *Organisation) logout(w http.ResponseWriter, r *http.Request) {
	claims, err := o.keys.verify(r.Form.Get("id_token_hint"))
	if err != nil || claims["aud"] != o.cfg.ClientID {
		o.refuse(w, http.StatusBadRequest, oauthError{"invalid_request", "The 'id_token_hint' parameter must be an ID token of this organisation."})
		return
	}
	back := r.Form.Get("post_logout_redirect_uri")
	if back != "" && !slices.Contains(o.connection().PostLogoutURIs, back) {
		o.refuse(w, http.StatusBadRequest, oauthError{"invalid_request", "The 'post_logout_redirect_uri' parameter must be a Logout redirect URI in the client app settings."})
		return
	}
	o.endBrowser(w, r)
	if back == "" {
		seeOther(w, r, "/")
		return
	}
	sendBack(w, r, authorization{redirectURI: back, state: r.Form.Get("state")}, nil)
}

func seeOther(w http.ResponseWriter, r *http.Request, path string) {
	http.Redirect(w, r, path, http.StatusSeeOther) //nolint:gosec // callers lead to pages of this organisation
}
