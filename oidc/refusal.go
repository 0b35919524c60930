package oidc

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/mail"
	"net/url"
	"time"

	"drawbridge/internal/web"
	"drawbridge/provisioning"
)

// page is a refusal that the face knows: a status, and the texts
// oidc.NAME.title, .what and .whom. It is an error so that whatever finds
// something wrong can name the page for it.
type page struct {
	name   string
	status int
	back   wayBack
	cause  error // for the log, from status 500 on
}

// wayBack is where a page leads.
type wayBack int

const (
	backAgain wayBack = iota // to the beginning of the same sign-in
	backLogin                // to the choice of how to sign in
	backHome
	backProof // to where somebody proves the account that they have, and then begins anew
)

func (p *page) Error() string { return "sign-in page " + p.name }

// Unwrap gives the cause.
func (p *page) Unwrap() error { return p.cause }

func (p *page) because(cause error) *page {
	with := *p
	with.cause = cause
	return &with
}

// Pages for what is wrong with a request or an answer, not with a person.
var (
	pageBroken        = &page{name: "broken", status: http.StatusBadRequest}
	pageDead          = &page{name: "dead", status: http.StatusBadRequest}
	pageForeign       = &page{name: "foreign", status: http.StatusBadRequest}
	pageOtherIssuer   = &page{name: "other_issuer", status: http.StatusBadRequest}
	pageProof         = &page{name: "proof", status: http.StatusBadRequest}
	pageSessionOver   = &page{name: "session_over", status: http.StatusBadRequest}
	pageClockAhead    = &page{name: "clock_ahead", status: http.StatusBadRequest}
	pageClockBehind   = &page{name: "clock_behind", status: http.StatusBadRequest}
	pageProviderError = &page{name: "provider_error", status: http.StatusBadRequest}
	pageDenied        = &page{name: "denied", status: http.StatusForbidden}
	pageTooMany       = &page{name: "too_many", status: http.StatusTooManyRequests}
	pageUnreachable   = &page{name: "unreachable", status: http.StatusBadGateway}
	pageMisconfigured = &page{name: "misconfigured", status: http.StatusBadGateway}

	pageInvitationElsewhere = &page{name: "invitation_elsewhere", status: http.StatusBadRequest, back: backHome}
	pageSwitchDead          = &page{name: "switch_dead", status: http.StatusBadRequest, back: backHome}
)

// Pages for who was refused. Reasons that would tell apart whether somebody
// exists share a page; the log and the audit trail have the reason.
var (
	pageNoAccess       = &page{name: "no_access", status: http.StatusForbidden, back: backLogin}
	pageBlocked        = &page{name: "blocked", status: http.StatusForbidden, back: backLogin}
	pageDomain         = &page{name: "domain", status: http.StatusForbidden, back: backLogin}
	pageNoEmail        = &page{name: "no_email", status: http.StatusForbidden, back: backLogin}
	pageLink           = &page{name: "link", status: http.StatusForbidden, back: backLogin}
	pageOtherAddress   = &page{name: "other_address", status: http.StatusForbidden, back: backHome}
	pageInvitationDead = &page{name: "invitation_dead", status: http.StatusGone, back: backLogin}
	pageAccountProof   = &page{name: "account_proof", status: http.StatusForbidden, back: backProof}
	pageClosed         = &page{name: "closed", status: http.StatusForbidden, back: backLogin}
)

// pageOf is the page of a reason.
func pageOf(reason provisioning.RefusalReason) *page {
	switch reason {
	case provisioning.RefusedBlocked:
		return pageBlocked
	case provisioning.RefusedDomain:
		return pageDomain
	case provisioning.RefusedNoEmail:
		return pageNoEmail
	case provisioning.RefusedAdministrator, provisioning.RefusedInvitationLink:
		return pageLink
	case provisioning.RefusedAccountProof:
		return pageAccountProof
	case provisioning.RefusedOtherAddress:
		return pageOtherAddress
	case provisioning.RefusedInvitationDead:
		return pageInvitationDead
	case provisioning.RefusedConnectionClosed:
		return pageClosed
	case provisioning.RefusedUnknown, provisioning.RefusedBlockedAddress, provisioning.RefusedRemoved, provisioning.RefusedRetired,
		provisioning.RefusedOtherSubject, provisioning.RefusedAmbiguous, provisioning.RefusedSSORequired:
		return pageNoAccess
	default:
		return pageNoAccess
	}
}

// refuse turns whatever stopped a sign-in into a page; what is nobody's fault
// but ours stays an error.
func (v *visit) refuse(err error) error {
	var known *page
	var refusal *provisioning.Refusal
	var fault *tokenFault
	var gone *unreachable
	switch {
	case errors.As(err, &known):
		return v.show(known, known.name)
	case errors.As(err, &refusal):
		return v.refusePerson(refusal)
	case errors.As(err, &fault):
		return v.refuseToken(fault)
	case errors.As(err, &gone), errors.Is(err, errNoKeys):
		return v.show(pageUnreachable.because(err), "provider_unreachable")
	case errors.Is(err, errCodeRefused):
		return v.show(pageDead, "code_refused")
	case errors.Is(err, errClientRefused), errors.Is(err, errTokenEndpoint):
		return v.show(pageMisconfigured.because(err), "client_refused")
	case errors.Is(err, provisioning.ErrGone): // the invitation, a moment ago
		return v.show(pageInvitationDead, "refused_invitation_dead")
	}
	return err
}

func (v *visit) refusePerson(r *provisioning.Refusal) error {
	web.EventOf(v.r.Context()).UserID = string(r.User)
	switch r.Reason {
	case provisioning.RefusedOtherAddress:
		// The provider would sign the same person in again, unasked.
		v.h.cookies.Set(v.w, web.SignedOutCookie, "1", provisioning.SignInLifetime)
	case provisioning.RefusedInvitationDead:
		v.h.cookies.Clear(v.w, web.InvitationCookie)
	default:
	}
	return v.show(pageOf(r.Reason), "refused_"+string(r.Reason))
}

func (v *visit) refuseToken(f *tokenFault) error {
	outcome := "token_" + f.check
	switch {
	case f.check == "session_over":
		return v.show(pageSessionOver, outcome)
	case f.ahead > 0:
		return v.show(pageClockAhead, outcome, v.amount(f.ahead))
	case f.ahead < 0:
		return v.show(pageClockBehind, outcome, v.amount(-f.ahead))
	}
	return v.show(pageProof, outcome)
}

// amount is a length of time in words.
func (v *visit) amount(d time.Duration) string {
	t := v.h.pages.Texts().T
	if d < 2*time.Minute {
		return t("oidc.seconds", int(d.Round(time.Second)/time.Second))
	}
	return t("oidc.minutes", int(d.Round(time.Minute)/time.Minute))
}

// show makes the error that the people's face answers with a page. Its texts
// have {1} the workspace, {2} the provider's host, {3} whom to ask and, with
// amount, {4}.
func (v *visit) show(p *page, outcome string, amount ...any) error {
	t := v.h.pages.Texts().T
	name, contact, whom := v.contact()
	args := append([]any{name, v.host(), whom}, amount...)
	said := web.Refusal{
		Title: t("oidc."+p.name+".title", args...), What: t("oidc."+p.name+".what", args...), Whom: t("oidc."+p.name+".whom", args...),
		Contact: contact,
	}
	if v.connection.Workspace != "" {
		said.Workspace = name
	}
	said.BackHref, said.BackLabel = v.back(p.back)
	return &web.RefusalError{Status: p.status, Outcome: outcome, Page: said, Cause: p.cause}
}

// contact is how the workspace is called and whom it wants to be asked: an
// address, which gets a link, or words.
func (v *visit) contact() (name, address, whom string) {
	t := v.h.pages.Texts().T
	name = t("oidc.workspace")
	if v.connection.Workspace == "" {
		return name, "", t("oidc.administrator", name)
	}
	w, err := v.h.service.Workspace(v.r.Context(), v.connection.Workspace)
	if err != nil && !errors.Is(err, context.Canceled) {
		v.h.log.ErrorContext(v.r.Context(), "the workspace of a refused sign-in could not be read", "workspace_id", v.connection.Workspace, "error", err)
	}
	name = cmp.Or(w.Name, name)
	contact := w.Settings.Get(provisioning.SettingContact)
	parsed, err := mail.ParseAddress(contact)
	switch {
	case err == nil && parsed.Address == contact:
		return name, contact, t("oidc.administrator", name)
	case contact != "":
		return name, "", contact
	}
	return name, "", t("oidc.administrator", name)
}

// host is how a person knows the provider.
func (v *visit) host() string {
	u, err := url.Parse(v.connection.Issuer)
	if err != nil || u.Host == "" {
		return v.h.pages.Texts().T("oidc.provider")
	}
	return u.Host
}

func (v *visit) back(to wayBack) (href, label string) {
	t := v.h.pages.Texts().T
	switch {
	case to == backAgain && v.connection.ID != "":
		return v.h.pages.Path("/sso/" + string(v.connection.ID)), t("oidc.again")
	case to == backProof:
		return v.proofPath(), t("oidc.prove")
	case to == backLogin:
		return v.h.pages.Path("/login"), t("oidc.login")
	default:
		return "", "" // the start page
	}
}

// proofPath asks for the password of the address that the provider named, and
// leads back to the beginning of this sign-in.
func (v *visit) proofPath() string {
	again := url.Values{}
	if v.pending.Invitation != "" {
		again.Set("with", "invitation")
	}
	if v.pending.ReturnTo != v.h.returnTo("") {
		again.Set("return_to", v.pending.ReturnTo)
	}
	proof := url.Values{}
	if v.email != "" {
		again.Set("login_hint", v.email)
		proof.Set("email", v.email)
	}
	proof.Set("return_to", withQuery(v.h.pages.Path("/sso/"+string(v.connection.ID)), again))
	return withQuery(v.h.pages.Path("/login/password"), proof)
}

func withQuery(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}
