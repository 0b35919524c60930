package oidc

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// maxHint is the longest login hint, in bytes, that is passed on: an address.
const maxHint = maxEmail

// initiation is what a request to begin a sign-in says: a link of ours, or the
// provider's Initiate login (OpenID Connect Core 1.0 section 4).
type initiation struct {
	issuer     string // "" where none was given
	hint       string
	returnTo   string
	invitation bool // the browser carries an invitation in its cookie
}

// readInitiation reads query and form. Parameters that we do not know are none
// of our business; one that is given twice is an error.
func readInitiation(r *http.Request) (i initiation, err error) {
	if err := r.ParseForm(); err != nil {
		return i, err
	}
	for name, to := range map[string]*string{"iss": &i.issuer, "login_hint": &i.hint} {
		if *to, err = single(r.Form, name); err != nil {
			return i, err
		}
	}
	target, err := single(r.Form, "target_link_uri")
	if err != nil {
		return i, err
	}
	own, err := single(r.Form, "return_to")
	i.returnTo = cmp.Or(own, target)
	i.invitation = r.Form.Get("with") == "invitation"
	if strings.ContainsFunc(i.hint, unicode.IsControl) || len(i.hint) > maxHint {
		i.hint = "" // it only saves typing
	}
	return i, err
}

var errTwice = errors.New("a parameter is given twice")

func single(values url.Values, name string) (string, error) {
	given := values[name]
	if len(given) > 1 {
		return "", errTwice
	}
	return values.Get(name), nil
}

// start sends the browser to the provider, whoever may be signed in here
// (rule 20).
func (h *Handler) start(w http.ResponseWriter, r *http.Request) error {
	v, err := h.visit(w, r)
	if errors.Is(err, provisioning.ErrNotFound) {
		return web.ErrNoRoute
	}
	if err != nil {
		return err
	}
	passes, wait, err := h.limiter.Allow(r.Context(), "sso:"+web.ClientOf(r.Context()).Addr.String(), startRate, startBurst)
	if err == nil && !passes {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
		err = pageTooMany
	}
	if err != nil {
		return v.refuse(err)
	}
	target, err := v.begin()
	if err != nil {
		return v.refuse(err)
	}
	web.EventOf(r.Context()).Outcome = "to_provider"
	return web.SeeOther(w, target)
}

// begin stores a sign-in and returns where it continues.
func (v *visit) begin() (target string, err error) {
	in, err := readInitiation(v.r)
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return "", err
	}
	switch {
	case err != nil:
		return "", pageBroken.because(err)
	case !v.connection.Enabled():
		return "", &provisioning.Refusal{Reason: provisioning.RefusedConnectionClosed}
	case in.issuer != "" && in.issuer != v.connection.Issuer:
		return "", pageOtherIssuer
	}
	invitation, err := v.carriedInvitation(in)
	if err != nil {
		return "", err
	}
	d, _, err := v.provider()
	if err != nil {
		return "", err
	}
	secret := v.h.bindBrowser(v.w, v.r)
	p, state, err := v.h.service.BeginSignIn(v.r.Context(), provisioning.SignInRequest{
		Connection: v.connection, BrowserSecret: secret, ReturnTo: v.h.returnTo(in.returnTo), Invitation: invitation,
	})
	if err != nil {
		return "", err
	}
	return v.authorizationURL(d, p, state, secret, in.hint), nil
}

func (v *visit) authorizationURL(d document, p provisioning.PendingSignIn, state, secret, hint string) string {
	client := v.h.client(v.connection, d)
	options := []oauth2.AuthCodeOption{
		gooidc.Nonce(derive(secret, purposeNonce, p.ID)),
		oauth2.S256ChallengeOption(derive(secret, purposeVerifier, p.ID)),
	}
	if hint != "" {
		options = append(options, oauth2.SetAuthURLParam("login_hint", hint))
	}
	if v.afresh() {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	return client.AuthCodeURL(state, options...)
}

// afresh reports whether somebody signed out in this browser on purpose, after
// which the provider has to ask who it is (rule 20).
func (v *visit) afresh() bool {
	_, signedOut := v.h.cookies.Read(v.r, web.SignedOutCookie)
	return signedOut
}

// carriedInvitation is the invitation in the browser's cookie, where the
// request says that it goes with one.
func (v *visit) carriedInvitation(in initiation) (provisioning.InvitationID, error) {
	if !in.invitation {
		return "", nil
	}
	token, _ := v.h.cookies.Read(v.r, web.InvitationCookie)
	invited, err := v.h.service.OpenInvitation(v.r.Context(), token)
	if errors.Is(err, provisioning.ErrGone) {
		return "", &provisioning.Refusal{Reason: provisioning.RefusedInvitationDead}
	}
	if err != nil {
		return "", err
	}
	if invited.Workspace.ID != v.connection.Workspace {
		return "", pageInvitationElsewhere
	}
	return invited.Invitation.ID, nil
}

// returnTo reduces where somebody wants to go to a page of ours that is not
// itself the beginning of a sign-in.
func (h *Handler) returnTo(target string) string {
	path := web.SafeReturn(target, h.public)
	if strings.HasPrefix(path, h.pages.Path("/sso/")) {
		return h.pages.Path("/")
	}
	return path
}
