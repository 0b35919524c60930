package console_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"drawbridge/provisioning"
)

const (
	goodParent   = "01hpppppppppppppppppppppp0.secret"
	goodPassword = "correct horse battery"
	goodCode     = "123456"
	goodResponse = `{"id":"good"}`
	goodTicket   = "dbtic_good"
	totpURL      = "otpauth://totp/Drawbridge:ada@acme.example?secret=JBSWY3DPEHPK3PXP"
)

// deadLinks are texts and tickets of links that are over, by why.
var deadLinks = map[string]string{
	"dbinv_used": "link_used", "dbinv_expired": "link_expired", "dbinv_cancelled": "link_cancelled", "dbinv_dead": "link_dead",
	"dblnk_used": "link_used", "dblnk_expired": "link_expired", "dblnk_dead": "link_dead",
}

var globex = provisioning.Workspace{ID: "ws-globex", Slug: "globex", Name: "Globex", Root: "c-globex"}

// fakeAccount is the part of the fake domain that knows one account, Ada's, and one parent sign-in of it.
type fakeAccount struct {
	account     provisioning.Account
	factors     provisioning.FactorState
	signIn      provisioning.ParentSignIn
	needsFactor bool
	doors       []provisioning.Door
	enterFails  error // what Enter answers instead
	rule        provisioning.PasswordRule
	sessions    []provisioning.SessionInfo
	mayRename   bool
	emailChange provisioning.EmailChange
	acceptFails error // what accepting answers instead
	changeFails error // what a change of the account answers instead
	resetFails  error
	setupFails  error
	tooMany     *provisioning.Error // what a proof answers instead

	parentOut bool
	calls     []string // what was done, in order
	browsers  []provisioning.Browser
	secrets   int // given so far
}

func newFakeAccount() fakeAccount {
	return fakeAccount{
		account: provisioning.Account{ID: "a-ada", Email: ada.Email, EmailProved: true, PasswordHash: "hash", PasswordSetAt: now.Add(-48 * time.Hour)},
		signIn: provisioning.ParentSignIn{
			ID: "pa-1", Account: "a-ada", Method: provisioning.MethodPassword, ProvedAt: now.Add(-time.Minute), ExpiresAt: now.Add(30 * 24 * time.Hour),
		},
		doors:     []provisioning.Door{{Workspace: acme, User: ada}},
		rule:      provisioning.PasswordRule{Min: 12, Max: 256},
		mayRename: true,
		sessions: []provisioning.SessionInfo{
			{Session: provisioning.Session{ID: "s-1", UserAgent: chromeOnLinux, Address: "192.0.2.7", CreatedAt: now.Add(-time.Hour), LastSeenAt: now}, Workspace: acme, Method: provisioning.MethodPassword, Current: true},
			{Session: provisioning.Session{ID: "s-2", UserAgent: "Mozilla/5.0 (iPhone) Safari/604.1", CreatedAt: now.Add(-72 * time.Hour), LastSeenAt: now.Add(-20 * time.Hour)}, Workspace: acme, Connection: "Okta"},
			{Session: provisioning.Session{ID: "s-3", UserAgent: "curl/8", CreatedAt: now.Add(-72 * time.Hour), LastSeenAt: now.Add(-20 * time.Hour)}, Workspace: globex, Method: provisioning.MethodPasskey},
		},
		emailChange: provisioning.EmailChange{Old: ada.Email, New: "ada@new.example", Purpose: provisioning.LinkEmailNew},
	}
}

const chromeOnLinux = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

func gone(code string) error {
	return &provisioning.Error{Kind: provisioning.ErrGone, Code: code, Detail: "This link is dead."}
}

func unproved(code string) error {
	return &provisioning.Error{Kind: provisioning.ErrUnauthenticated, Code: code, Detail: "It proves nobody."}
}

func invalid(code, detail string) error {
	return &provisioning.Error{Kind: provisioning.ErrInvalid, Code: code, Detail: detail}
}

func conflict(code, detail string) error {
	return &provisioning.Error{Kind: provisioning.ErrConflict, Code: code, Detail: detail}
}

func needs(code string) error {
	return &provisioning.Error{Kind: provisioning.ErrProve, Code: code, Detail: "Prove it first."}
}

func locked() *provisioning.Error {
	return &provisioning.Error{Kind: provisioning.ErrTooMany, Code: "locked", Detail: "Too many.", RetryAfter: 30 * time.Minute}
}

func (f *fakeService) did(format string, args ...any) {
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
}

// proof is what a proof of the account answers: a parent sign-in with a new secret.
func (f *fakeService) proof() provisioning.Parent {
	f.secrets++
	return provisioning.Parent{
		SignIn: f.signIn, Account: f.account, Factors: f.factors, FactorNeeded: f.needsFactor,
		Secret: fmt.Sprintf("%s.new-%d", f.signIn.ID, f.secrets), Known: "known-1",
	}
}

func (f *fakeService) isParent(cookie string) bool {
	return !f.parentOut && (cookie == goodParent || strings.HasPrefix(cookie, string(f.signIn.ID)+".new-"))
}

func (f *fakeService) ParentOf(_ context.Context, cookie string) (provisioning.Parent, error) {
	if f.broken != nil {
		return provisioning.Parent{}, f.broken
	}
	if !f.isParent(cookie) {
		return provisioning.Parent{}, unproved("sign_in")
	}
	return provisioning.Parent{SignIn: f.signIn, Account: f.account, Factors: f.factors, FactorNeeded: f.needsFactor}, nil
}

func (f *fakeService) SignOutParent(_ context.Context, b provisioning.Browser) error {
	if f.isParent(b.Parent) {
		f.parentOut = true
		f.did("sign out parent")
	}
	return f.broken
}

func (f *fakeService) SignInWithPassword(_ context.Context, email, password string, b provisioning.Browser) (provisioning.Parent, error) {
	f.browsers = append(f.browsers, b)
	switch {
	case f.broken != nil:
		return provisioning.Parent{}, f.broken
	case f.tooMany != nil:
		return provisioning.Parent{}, f.tooMany
	case email != f.account.Email || password != goodPassword:
		return provisioning.Parent{}, unproved("wrong_password")
	}
	return f.proof(), nil
}

func (f *fakeService) BeginPasskey(_ context.Context, b provisioning.Browser) (provisioning.ChallengeID, []byte, error) {
	f.browsers = append(f.browsers, b)
	if f.tooMany != nil {
		return "", nil, f.tooMany
	}
	return "ch-1", []byte(`{"publicKey":{"challenge":"AAAA"}}`), f.broken
}

func (f *fakeService) SignInWithPasskey(_ context.Context, challenge provisioning.ChallengeID, response []byte, b provisioning.Browser) (provisioning.Parent, error) {
	return f.ProvePasskey(context.Background(), challenge, response, provisioning.Browser{Parent: goodParent, Known: b.Known})
}

func (f *fakeService) ProvePasskey(_ context.Context, challenge provisioning.ChallengeID, response []byte, b provisioning.Browser) (provisioning.Parent, error) {
	switch {
	case f.tooMany != nil:
		return provisioning.Parent{}, f.tooMany
	case !f.isParent(b.Parent):
		return provisioning.Parent{}, unproved("sign_in")
	case challenge != "ch-1" || string(response) != goodResponse:
		return provisioning.Parent{}, unproved("wrong_passkey")
	}
	f.needsFactor = false
	return f.proof(), f.broken
}

func (f *fakeService) ProveCode(_ context.Context, code string, _ provisioning.Browser) (provisioning.Parent, error) {
	switch {
	case f.tooMany != nil:
		return provisioning.Parent{}, f.tooMany
	case code != goodCode:
		return provisioning.Parent{}, unproved("wrong_code")
	}
	f.needsFactor = false
	return f.proof(), f.broken
}

func (f *fakeService) ProvePassword(_ context.Context, password string, _ provisioning.Browser) (provisioning.Parent, error) {
	switch {
	case f.tooMany != nil:
		return provisioning.Parent{}, f.tooMany
	case password != goodPassword:
		return provisioning.Parent{}, unproved("wrong_password")
	}
	f.signIn.ProvedAt = now
	return f.proof(), f.broken
}

func (f *fakeService) Doors(context.Context, provisioning.Browser) ([]provisioning.Door, error) {
	return f.doors, f.broken
}

func (f *fakeService) Enter(_ context.Context, ws provisioning.WorkspaceID, b provisioning.Browser) (provisioning.SignedIn, error) {
	f.browsers = append(f.browsers, b)
	if f.enterFails != nil {
		return provisioning.SignedIn{}, f.enterFails
	}
	for _, d := range f.doors {
		if d.Workspace.ID != ws {
			continue
		}
		if d.Refusal != "" {
			return provisioning.SignedIn{}, &provisioning.Refusal{Reason: d.Refusal, Workspace: d.Workspace}
		}
		f.did("enter %s", ws)
		session := provisioning.Session{Workspace: ws, ID: "s-9", User: d.User.ID, Parent: f.signIn.ID, ExpiresAt: now.Add(time.Hour)}
		return provisioning.SignedIn{User: d.User, Session: session, Secret: "s-9.secret"}, f.broken
	}
	return provisioning.SignedIn{}, &provisioning.Error{Kind: provisioning.ErrNotFound, Code: "not_found", Detail: "There is no such workspace."}
}

func (f *fakeService) ExchangeLink(_ context.Context, text string) (string, error) {
	if code, dead := deadLinks[text]; dead {
		return "", gone(code)
	}
	if text != goodToken && text != "dblnk_good" {
		return "", gone("link_dead")
	}
	return goodTicket, f.broken
}

func (f *fakeService) AcceptInvitation(_ context.Context, ticket string, n provisioning.Acceptance, _ provisioning.Browser) (provisioning.Parent, error) {
	switch {
	case f.acceptFails != nil:
		return provisioning.Parent{}, f.acceptFails
	case ticket != goodTicket:
		return provisioning.Parent{}, gone("link_dead")
	case len(n.Password) < f.rule.Min:
		return provisioning.Parent{}, invalid("password_short", "The password needs at least 12 characters; this one has fewer.")
	}
	f.did("accept as %q", n.Name)
	return f.proof(), nil
}

func (f *fakeService) AcceptSignedIn(_ context.Context, ticket string, b provisioning.Browser) error {
	switch {
	case f.acceptFails != nil:
		return f.acceptFails
	case !f.isParent(b.Parent):
		return unproved("sign_in")
	case f.account.Email != f.invited.Invitation.Email:
		return conflict("other_account", "The invitation is for another address.")
	case ticket != goodTicket:
		return gone("link_dead")
	}
	f.did("accept signed in")
	return nil
}

func (f *fakeService) AskForInvitation(_ context.Context, text string) error {
	if text != "dbinv_expired" {
		return gone("link_dead")
	}
	f.did("ask")
	return f.acceptFails
}

func (f *fakeService) RequestReset(_ context.Context, email string, _ provisioning.Browser) error {
	if f.resetFails != nil {
		return f.resetFails
	}
	if !strings.Contains(email, "@") {
		return invalid("email", "This is no e-mail address.")
	}
	f.did("reset %s", email)
	return f.broken
}

func (f *fakeService) OpenReset(_ context.Context, ticket string) (string, error) {
	if ticket != goodTicket {
		return "", gone("link_used")
	}
	return f.account.Email, f.broken
}

func (f *fakeService) ResetRule(context.Context, string) (provisioning.PasswordRule, error) {
	return f.rule, f.broken
}

func (f *fakeService) CompleteReset(_ context.Context, _, password string, _ provisioning.Browser) error {
	if f.resetFails != nil {
		return f.resetFails
	}
	if len(password) < f.rule.Min {
		return invalid("password_short", "The password needs at least 12 characters; this one has fewer.")
	}
	f.did("reset done")
	return nil
}

func (f *fakeService) RequestEmailChange(_ context.Context, next string, _ provisioning.Browser) error {
	f.did("change to %s", next)
	return f.changeFails
}

func (f *fakeService) OpenEmailChange(_ context.Context, ticket string) (provisioning.EmailChange, error) {
	if ticket != goodTicket {
		return provisioning.EmailChange{}, gone("link_used")
	}
	return f.emailChange, f.broken
}

func (f *fakeService) AgreeToEmailChange(_ context.Context, ticket string, _ provisioning.Browser) (bool, error) {
	switch {
	case f.changeFails != nil:
		return false, f.changeFails
	case ticket != goodTicket:
		return false, gone("link_used")
	}
	f.did("agree")
	return f.emailChange.OtherHas, nil
}

func (f *fakeService) OpenSetup(_ context.Context, ticket string) error {
	if ticket != goodTicket {
		return gone("set_up")
	}
	return f.broken
}

func (f *fakeService) BeginSetupPasskey(_ context.Context, _, email string) (provisioning.ChallengeID, []byte, error) {
	if email == "" {
		return "", nil, invalid("email", "This is no e-mail address.")
	}
	return "ch-1", []byte(`{"publicKey":{"challenge":"AAAA"}}`), f.broken
}

func (f *fakeService) CompleteSetup(_ context.Context, _ string, n provisioning.FirstStart, _ provisioning.Browser) (provisioning.Parent, provisioning.Workspace, error) {
	if f.setupFails != nil {
		return provisioning.Parent{}, provisioning.Workspace{}, f.setupFails
	}
	f.did("set up %q, many: %v, %q, %s, passkey: %v", n.Workspace, n.MultiTenant, n.Name, n.Email, n.Challenge != "")
	return f.proof(), acme, nil
}

func (f *fakeService) Myself(_ context.Context, v provisioning.Viewer) (provisioning.Myself, error) {
	me := provisioning.Myself{Viewer: v, Factors: f.factors, MayRename: f.mayRename}
	if v.Session.Parent != "" {
		me.Account = &f.account
	}
	return me, f.broken
}

func (f *fakeService) Rename(_ context.Context, _ provisioning.Viewer, name string) error {
	if name == "" {
		return invalid("name", "A person needs a name.")
	}
	f.did("rename to %s", name)
	return f.changeFails
}

func (f *fakeService) MySessions(context.Context, provisioning.Viewer) ([]provisioning.SessionInfo, error) {
	return f.sessions, f.broken
}

func (f *fakeService) EndMySession(_ context.Context, _ provisioning.Viewer, id provisioning.SessionID) error {
	f.did("end %s", id)
	if id == "s-none" {
		return provisioning.ErrNotFound
	}
	return f.broken
}

func (f *fakeService) EndMyOtherSessions(context.Context, provisioning.Viewer) (int, error) {
	f.did("end others")
	return 2, f.broken
}

func (f *fakeService) ChangePassword(_ context.Context, present, next string, _ provisioning.Browser) (provisioning.Parent, error) {
	switch {
	case f.changeFails != nil:
		return provisioning.Parent{}, f.changeFails
	case f.account.HasPassword() && present != goodPassword:
		return provisioning.Parent{}, unproved("wrong_password")
	case len(next) < f.rule.Min:
		return provisioning.Parent{}, invalid("password_short", "The password needs at least 12 characters; this one has fewer.")
	}
	f.did("change password")
	return f.proof(), nil
}

func (f *fakeService) PasswordRuleOf(context.Context, provisioning.AccountID, provisioning.WorkspaceID) (provisioning.PasswordRule, error) {
	return f.rule, f.broken
}

func (f *fakeService) BeginTOTP(context.Context, provisioning.Browser) (provisioning.TOTPSetup, error) {
	return provisioning.TOTPSetup{Secret: "JBSWY3DPEHPK3PXP", URL: totpURL, Ticket: goodTicket}, f.changeFails
}

func (f *fakeService) ConfirmTOTP(_ context.Context, ticket, code string, _ provisioning.Browser) (provisioning.Parent, []string, error) {
	switch {
	case f.changeFails != nil:
		return provisioning.Parent{}, nil, f.changeFails
	case ticket != goodTicket:
		return provisioning.Parent{}, nil, gone("ticket_dead")
	case code != goodCode:
		return provisioning.Parent{}, nil, invalid("wrong_code", "This is not the code that the authenticator shows now.")
	}
	f.did("authenticator")
	return f.addFactor(provisioning.FactorState{TOTP: true, RecoveryCodes: 10})
}

// addFactor makes recovery codes where there are none, as the domain does.
func (f *fakeService) addFactor(next provisioning.FactorState) (provisioning.Parent, []string, error) {
	var codes []string
	if f.factors.RecoveryCodes == 0 {
		codes = recoveryCodes
	}
	f.factors = next
	return f.proof(), codes, nil
}

var recoveryCodes = []string{
	"a1b2c-d3e4f-g5h6j-k7m8n-w3x4y", "g5h6j-k7m8n-p9q0r-s1t2v-c7d8e",
	"p9q0r-s1t2v-w3x4y-z5a6b-j1k2m", "w3x4y-z5a6b-c7d8e-f9g0h-r5s6t",
	"c7d8e-f9g0h-j1k2m-n3p4q-y9z0a", "j1k2m-n3p4q-r5s6t-v7w8x-e3f4g",
	"r5s6t-v7w8x-y9z0a-b1c2d-m7n8p", "y9z0a-b1c2d-e3f4g-h5j6k-a1b2c",
	"e3f4g-h5j6k-m7n8p-q9r0s-g5h6j", "m7n8p-q9r0s-a1b2c-d3e4f-p9q0r",
}

func (f *fakeService) RemoveTOTP(context.Context, provisioning.Browser) error {
	f.did("remove authenticator")
	return f.changeFails
}

func (f *fakeService) NewRecoveryCodes(context.Context, provisioning.Browser) ([]string, error) {
	f.did("new codes")
	return recoveryCodes, f.changeFails
}

func (f *fakeService) BeginPasskeyRegistration(context.Context, provisioning.Browser) (provisioning.ChallengeID, []byte, error) {
	return "ch-1", []byte(`{"publicKey":{"challenge":"AAAA"}}`), f.changeFails
}

func (f *fakeService) AddPasskey(_ context.Context, challenge provisioning.ChallengeID, response []byte, name string, _ provisioning.Browser) (provisioning.Parent, []string, error) {
	switch {
	case f.changeFails != nil:
		return provisioning.Parent{}, nil, f.changeFails
	case challenge != "ch-1" || string(response) != goodResponse:
		return provisioning.Parent{}, nil, invalid("passkey_failed", "The browser’s answer made no passkey.")
	}
	f.did("add passkey %q", name)
	return f.addFactor(provisioning.FactorState{Passkeys: []provisioning.Passkey{laptop}, RecoveryCodes: 10})
}

var laptop = provisioning.Passkey{ID: "cred-1", Account: "a-ada", Name: "Laptop", CreatedAt: now.Add(-30 * time.Hour), LastUsedAt: now.Add(-2 * time.Hour)}

func (f *fakeService) RenamePasskey(_ context.Context, id, name string, _ provisioning.Browser) error {
	f.did("rename %s to %q", id, name)
	if name == "" {
		return invalid("name", "A passkey needs a name.")
	}
	return f.changeFails
}

func (f *fakeService) RemovePasskey(_ context.Context, id string, _ provisioning.Browser) error {
	f.did("remove %s", id)
	return f.changeFails
}
