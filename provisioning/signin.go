package provisioning

import (
	"context"
	"errors"
	"time"
)

// SignInLifetime is how long a sign-in may be on its way through the provider.
const SignInLifetime = 10 * time.Minute

// MaxPendingSignIns is how many sign-ins one browser may have on their way, so
// that several tabs work.
const MaxPendingSignIns = 5

// SignInRequest begins a sign-in.
type SignInRequest struct {
	Connection    Connection
	BrowserSecret string       // of the cookie that binds the sign-in to the browser
	ReturnTo      string       // a path on our origin, checked by the face
	Invitation    InvitationID // the invitation that the sign-in carries, or ""
}

// BeginSignIn stores a sign-in and returns it with the `state` for the provider.
func (s *Service) BeginSignIn(ctx context.Context, r SignInRequest) (p PendingSignIn, state string, err error) {
	if !r.Connection.Enabled() {
		return p, "", s.describeRefusal(ctx, r.Connection.Workspace, Browser{}, refuse(RefusedConnectionClosed, ""))
	}
	secret := s.hasher.NewSecret()
	err = s.store.Update(ctx, func(tx *Tx) error {
		p = PendingSignIn{
			Workspace: r.Connection.Workspace, ID: SignInID(s.ids.New()), Connection: r.Connection.ID,
			Issuer: r.Connection.Issuer, StateHash: s.hasher.Hash(secret),
			BrowserHash: s.hasher.Hash(r.BrowserSecret), ReturnTo: r.ReturnTo, Invitation: r.Invitation,
			CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(SignInLifetime),
		}
		return tx.SignIns.Create(ctx, p, MaxPendingSignIns)
	})
	return p, string(p.ID) + "." + secret, err
}

// TakeSignIn uses a `state` up and returns its sign-in. A state that is
// unknown, used, expired, forged, of another connection or of another browser
// is ErrGone, and is used up all the same.
func (s *Service) TakeSignIn(ctx context.Context, state, browserSecret string, c ConnectionID) (PendingSignIn, error) {
	id, secret, ok := splitBearer(state, "")
	if !ok {
		return PendingSignIn{}, errDeadSignIn()
	}
	var p PendingSignIn
	var now time.Time
	err := s.store.Update(ctx, func(tx *Tx) (err error) {
		now = tx.Now()
		p, err = tx.SignIns.Take(ctx, SignInID(id))
		return err
	})
	if errors.Is(err, ErrNotFound) {
		s.hasher.Equal(nil, secret)
		return PendingSignIn{}, errDeadSignIn()
	}
	if err != nil {
		return PendingSignIn{}, err
	}
	good := s.hasher.Equal(p.StateHash, secret)
	good = s.hasher.Equal(p.BrowserHash, browserSecret) && good
	if !good || p.Connection != c || !now.Before(p.ExpiresAt) {
		return PendingSignIn{}, errDeadSignIn()
	}
	return p, nil
}

func errDeadSignIn() error {
	return fail(ErrGone, "sign_in_dead", "This sign-in was used already, took longer than ten minutes, or began in another browser. Start again.")
}

// Claims are what a verified ID token (and userinfo) says of a person.
type Claims struct {
	Issuer            string
	Subject           string
	Email             string
	PreferredUserName string
	Name              string
	GivenName         string
	FamilyName        string
	Locale            string
	SessionExpiry     time.Time // zero where the provider says nothing
}

// Browser is what asks: where from, with what, in which request.
type Browser struct {
	Address   string // the client's network address
	UserAgent string
	RequestID string
	// Parent is the text of the cookie of a parent sign-in, or "": an account that
	// was proved in this browser (rule 14).
	Parent string
	// Known is the text of the cookie that says that somebody signed in here with
	// their password before, or "": see [Service.SignInWithPassword].
	Known string
}

// actor says where the actor acts from.
func (b Browser) actor(a Actor) Actor {
	a.From, a.RequestID = b.Address, b.RequestID
	return a
}

// SignedIn is a successful sign-in.
type SignedIn struct {
	User    User
	Session Session
	Secret  string // the session cookie's text, `id.secret`
	Created bool   // the user was created just now
}

// SignIn decides who has signed in (rules 13 and 14), creates the person if
// the connection says so (rule 5), and makes a session, in one transaction
// whose unique keys arbitrate between the doors. A refused one is [*Refusal].
func (s *Service) SignIn(ctx context.Context, c Connection, p PendingSignIn, claims Claims, b Browser) (in SignedIn, err error) {
	if err := checkSubject(claims.Subject); err != nil {
		return in, err
	}
	o := changeOptions{onLoss: lossRefused}
	secret := s.hasher.NewSecret()
	actor := b.actor(Actor{Kind: ActorSystem, Workspace: c.Workspace})
	err = s.change(ctx, actor, c.Workspace, o, func(ctx context.Context, w *work) error {
		d := signInDecision{work: w, connection: c, claims: claims, browser: b, invitation: p.Invitation}
		if in, err = d.decide(ctx); err != nil {
			return err
		}
		in.Session, err = w.startSession(ctx, in.User, d.identity, claims.SessionExpiry, s.hasher.Hash(secret), b)
		return err
	})
	if err != nil {
		return SignedIn{}, s.describeRefusal(ctx, c.Workspace, b, err)
	}
	in.Secret = string(in.Session.ID) + "." + secret
	return in, nil
}

// maxSubject is the length of a `sub` (OpenID Connect Core §2), in bytes.
const maxSubject = 255

func checkSubject(subject string) error {
	if subject == "" {
		return invalid("subject", "The provider names no subject.")
	}
	return checkText("subject", subject, maxSubject)
}

// describeRefusal adds the workspace to a refusal, for its page, and an audit
// entry where somebody known was refused.
func (s *Service) describeRefusal(ctx context.Context, ws WorkspaceID, b Browser, err error) error {
	var r *Refusal
	if !errors.As(err, &r) {
		return err
	}
	found, readErr := s.Workspace(ctx, ws)
	if readErr != nil {
		return readErr
	}
	r.Workspace = found
	if r.User == "" {
		return r
	}
	actor := b.actor(Actor{Kind: ActorSystem, Workspace: ws}) // who was there is what was not proved
	n := note{action: "sign_in", kind: "user", target: string(r.User), details: map[string]string{"reason": string(r.Reason)}}
	writeErr := s.store.Update(ctx, func(tx *Tx) error {
		return tx.Audit.Append(ctx, []AuditEntry{s.entry(actor, ws, n, "refused", tx)})
	})
	if writeErr != nil {
		s.log.ErrorContext(ctx, "a refused sign-in could not be recorded", "workspace_id", ws, "error", writeErr)
	}
	return r
}
