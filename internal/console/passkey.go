package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// passkeyForm is a button that asks for a passkey. Script fetches the options, asks the browser, and sends the form
// with what the browser answered; without script, or where the host takes no passkeys, it is not there.
type passkeyForm struct {
	Action  string
	Options string // where the ceremony begins
	Kind    string // "get" or "create"
	Label   string
	Hidden  []web.HiddenField
	Fields  []web.Field // what else the form says
	Primary bool
}

func (h *Handler) passkeyForm(action, options string, carried url.Values) *passkeyForm {
	if !h.passkeys {
		return nil
	}
	return &passkeyForm{
		Action: h.pages.Path(action), Options: h.pages.Path(options), Kind: "get",
		Label: h.t("passkey.use"), Hidden: hidden(carried),
	}
}

func (h *Handler) passkeyToSignIn(returnTo string) *passkeyForm {
	return h.passkeyForm("/login/passkey", "/login/passkey/options", h.carry(returnTo))
}

// signInWithPasskey makes a parent sign-in of a passkey, whosever it is.
func (h *Handler) signInWithPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(r); err != nil {
		return err
	}
	returnTo := h.returnTo(r)
	challenge, response := ceremonyOf(r)
	p, err := h.service.SignInWithPasskey(r.Context(), challenge, response, h.browserOf(r))
	switch {
	case errors.Is(err, provisioning.ErrUnauthenticated):
		web.EventOf(r.Context()).Outcome = "wrong_passkey"
		page := h.loginForm(returnTo)
		page.fault(h.t("passkey.wrong"))
		return h.again(w, r, page)
	case err != nil:
		return h.tooMany(w, err)
	}
	return h.signedInNow(w, r, p, returnTo)
}

// ceremonyOf is what a form says of a ceremony.
func ceremonyOf(r *http.Request) (provisioning.ChallengeID, []byte) {
	return provisioning.ChallengeID(r.PostForm.Get("challenge")), []byte(r.PostForm.Get("response"))
}

// passkeyOfAnybody begins a sign-in that names nobody.
func (h *Handler) passkeyOfAnybody(w http.ResponseWriter, r *http.Request) error {
	b := h.browserOf(r)
	b.Parent = ""
	challenge, options, err := h.service.BeginPasskey(r.Context(), b)
	return h.answerCeremony(w, r, challenge, options, err)
}

// passkeyOfAccount begins a proof by one of the passkeys of who is signed in.
func (h *Handler) passkeyOfAccount(w http.ResponseWriter, r *http.Request) error {
	b := h.browserOf(r)
	if _, err := h.service.ParentOf(r.Context(), b.Parent); err != nil {
		return h.answerCeremony(w, r, "", nil, err)
	}
	challenge, options, err := h.service.BeginPasskey(r.Context(), b)
	return h.answerCeremony(w, r, challenge, options, err)
}

// ceremony is what script gets: what to ask the browser for, or a sentence that says why not.
type ceremony struct {
	Challenge provisioning.ChallengeID `json:"challenge,omitempty"`
	Options   json.RawMessage          `json:"options,omitempty"`
	Problem   string                   `json:"problem,omitempty"`
}

// answerCeremony answers script. Faults of ours stay errors.
func (h *Handler) answerCeremony(w http.ResponseWriter, r *http.Request, challenge provisioning.ChallengeID, options []byte, err error) error {
	if err == nil {
		web.WriteJSON(w, http.StatusOK, ceremony{Challenge: challenge, Options: options})
		return nil
	}
	status := 0
	switch {
	case errors.Is(err, provisioning.ErrUnauthenticated), errors.Is(err, provisioning.ErrProve):
		status = http.StatusForbidden
	case errors.Is(err, provisioning.ErrConflict):
		status = http.StatusConflict
	case errors.Is(err, provisioning.ErrInvalid):
		status = http.StatusUnprocessableEntity
	case errors.Is(err, provisioning.ErrGone):
		status = http.StatusGone
	case errors.Is(err, provisioning.ErrTooMany):
		status = http.StatusTooManyRequests
		var told *provisioning.Error
		if errors.As(err, &told) {
			retryAfter(w, told.RetryAfter)
		}
	default:
		return err
	}
	return h.noCeremony(w, r, status, h.detail(err))
}

func (h *Handler) noCeremony(w http.ResponseWriter, r *http.Request, status int, why string) error {
	web.EventOf(r.Context()).Outcome = "no_ceremony"
	web.WriteJSON(w, status, ceremony{Problem: why})
	return nil
}
