package provisioning

import (
	"context"
	"encoding/json"
	"time"
)

// SetupLifetime is how long a set-up link is good.
const SetupLifetime = 24 * time.Hour

// SetupLink makes a new set-up link, for the operator, and kills earlier ones.
// ErrConflict once a workspace exists.
func (s *Service) SetupLink(ctx context.Context, a Actor) (text string, expires time.Time, err error) {
	if a.Kind != ActorOperator {
		return "", time.Time{}, fail(ErrForbidden, "not_permitted", "Only the operator on the server does this.")
	}
	err = s.store.Update(ctx, func(tx *Tx) error {
		if err := requireEmpty(ctx, tx, ErrConflict); err != nil {
			return err
		}
		if err := cancelLinks(ctx, tx, "", LinkSetup); err != nil {
			return err
		}
		link, secret, err := s.newLink(ctx, tx, Link{Purpose: LinkSetup, Shown: true}, SetupLifetime)
		text, expires = secret, link.ExpiresAt
		return err
	})
	return text, expires, err
}

// requireEmpty refuses, with the kind, an installation that has a workspace.
func requireEmpty(ctx context.Context, tx *Tx, kind error) error {
	all, err := tx.Workspaces.List(ctx)
	if err == nil && len(all) > 0 {
		return fail(kind, "set_up", "This installation is set up already. Sign in, or create another workspace on the server with `drawbridge workspace create`.")
	}
	return err
}

// NeedsSetup reports whether the installation is empty.
func (s *Service) NeedsSetup(ctx context.Context) (empty bool, err error) {
	all, err := s.Workspaces(ctx)
	return err == nil && len(all) == 0, err
}

// OpenSetup checks the ticket of a set-up link. ErrGone.
func (s *Service) OpenSetup(ctx context.Context, ticket string) error {
	return s.store.View(ctx, func(tx *Tx) error {
		if _, err := s.linkOfTicket(ctx, tx, ticket, LinkSetup); err != nil {
			return err
		}
		return requireEmpty(ctx, tx, ErrGone)
	})
}

// FirstStart is what the form of the first start says. The administrator has a
// password, or a passkey by Challenge and Response.
type FirstStart struct {
	Workspace   string
	MultiTenant bool
	Name, Email string
	Password    string
	Challenge   ChallengeID
	Response    []byte
}

// BeginSetupPasskey begins the ceremony of the first administrator's passkey.
func (s *Service) BeginSetupPasskey(ctx context.Context, ticket, email string) (challenge ChallengeID, options []byte, err error) {
	if err := s.takesPasskeys(); err != nil {
		return "", nil, err
	}
	if err := checkEmail(email); err != nil {
		return "", nil, err
	}
	if err := s.OpenSetup(ctx, ticket); err != nil {
		return "", nil, err
	}
	begun := firstCeremony{Account: AccountID(s.ids.New())}
	if options, begun.State, err = s.passkeys.BeginRegistration(string(begun.Account), email, nil); err != nil {
		return "", nil, err
	}
	state, err := json.Marshal(begun)
	if err != nil {
		return "", nil, err
	}
	challenge, err = s.beginCeremony(ctx, "", state)
	return challenge, options, err
}

// firstCeremony is kept of a ceremony whose account does not exist yet: the
// passkey carries its id already.
type firstCeremony struct {
	Account AccountID
	State   []byte
}

// CompleteSetup makes the first workspace and its administrator, with an
// account, and signs them in. Of two at once one gets it.
func (s *Service) CompleteSetup(ctx context.Context, ticket string, f FirstStart, b Browser) (Parent, Workspace, error) {
	if err := checkFirstStart(f); err != nil {
		return Parent{}, Workspace{}, err
	}
	if err := s.OpenSetup(ctx, ticket); err != nil {
		return Parent{}, Workspace{}, err
	}
	n := firstAdministrator{FirstStart: f, browser: b}
	if err := s.firstCredential(ctx, &n); err != nil {
		return Parent{}, Workspace{}, err
	}
	var p Parent
	var made CreatedWorkspace
	id := WorkspaceID(s.ids.New())
	o := changeOptions{action: "workspace.create", target: string(id), created: true}
	err := s.change(ctx, b.actor(Operator()), id, o, func(ctx context.Context, w *work) error {
		if err := w.useSetup(ctx, ticket); err != nil {
			return err
		}
		var err error
		if made, err = w.foundWorkspace(ctx, NewWorkspace{Name: f.Workspace, MultiTenant: f.MultiTenant}); err != nil {
			return err
		}
		p, err = w.firstAdministrator(ctx, n)
		return err
	})
	return p, made.Workspace, err
}

func checkFirstStart(f FirstStart) error {
	if err := checkName("workspace", f.Workspace); err != nil {
		return err
	}
	if err := checkName("person", f.Name); err != nil {
		return err
	}
	if err := checkPersonName(f.Name); err != nil {
		return err
	}
	return checkEmail(f.Email)
}

// firstAdministrator is the form with the credential that came of it: a hash or
// a passkey of an account that is still to be made.
type firstAdministrator struct {
	FirstStart
	browser      Browser
	passwordHash string
	passkey      *Passkey
}

func (s *Service) firstCredential(ctx context.Context, n *firstAdministrator) (err error) {
	if n.Challenge == "" {
		n.passwordHash, err = s.newPassword(ctx, n.Password, n.Email, ruleOf(Settings{}))
		return err
	}
	state, ok, err := s.takeCeremony(ctx, n.Challenge, "")
	if err != nil {
		return err
	}
	var begun firstCeremony
	if !ok || json.Unmarshal(state, &begun) != nil || begun.Account == "" {
		return errDeadCeremony()
	}
	passkey, err := s.registered(begun.Account, begun.State, n.Response)
	n.passkey = &passkey
	return err
}

// useSetup uses the set-up link up. Killing every other one first makes two that
// are used at once wait for each other; the second then finds a workspace.
func (w *work) useSetup(ctx context.Context, ticket string) error {
	if _, err := w.s.useLink(ctx, w.Tx, ticket, LinkSetup); err != nil {
		return err
	}
	if err := cancelLinks(ctx, w.Tx, "", LinkSetup); err != nil {
		return err
	}
	return requireEmpty(ctx, w.Tx, ErrGone)
}

// firstAdministrator makes the person who sets the installation up: a user with
// Admin in the root and an account, whose address nobody has proved.
func (w *work) firstAdministrator(ctx context.Context, n firstAdministrator) (Parent, error) {
	setup := accountSetup{email: n.Email, passwordHash: n.passwordHash, home: w.ws}
	if n.passkey != nil {
		setup.id = n.passkey.Account
	}
	account, _, err := w.s.setUpAccount(ctx, w.Tx, setup)
	if err != nil {
		return Parent{}, err
	}
	if n.passkey != nil {
		if err := storePasskey(ctx, w.Tx, *n.passkey); err != nil {
			return Parent{}, err
		}
	}
	u := User{
		Workspace: w.ws, ID: UserID(w.s.ids.New()), UserName: n.Email, Email: n.Email, DisplayName: n.Name,
		Origin: OriginInvitation, Account: account.ID, Version: 1, CreatedAt: w.Now(), UpdatedAt: w.Now(),
	}
	if err := w.Users.Create(ctx, u); err != nil {
		return Parent{}, err
	}
	w.userCreated(u)
	if err := w.makeAdministrator(ctx, u.ID); err != nil {
		return Parent{}, err
	}
	return w.s.startParent(ctx, w.Tx, account, MethodLink, n.passkey != nil, n.browser)
}

func (w *work) makeAdministrator(ctx context.Context, u UserID) error {
	admin := []RoleIn{{w.anchors.root, w.anchors.admin}}
	if _, err := w.giveByHand(ctx, u, admin, SourceAdministrator, ""); err != nil {
		return err
	}
	_, err := w.refresh(ctx, []UserID{u})
	return err
}
