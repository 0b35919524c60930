package provisioning

import (
	"context"
	"log/slog"
	"sync"
)

// Service holds every rule. Its methods are what the faces share; each runs at
// most one transaction that writes, and each is safe for concurrent use.
//
// Methods take the [Actor] for whom they act and refuse what it may not do.
// Their errors are of the kinds in this package or internal.
type Service struct {
	store     Store
	sealer    Sealer
	hasher    Hasher
	ids       IDs
	issuers   IssuerChecker
	notifier  Notifier
	passwords Passwords
	codes     OneTimeCodes
	passkeys  Passkeys
	attempts  Attempts
	mailOut   bool
	log       *slog.Logger
	verdicts  *verdicts
	told      told
	anchors   sync.Map // WorkspaceID → anchors
}

// Ports are what the Service needs from outside. Notifier may be nil.
type Ports struct {
	Passwords Passwords
	Codes     OneTimeCodes
	Passkeys  Passkeys
	Attempts  Attempts
	// MailOut says that mail leaves the outbox. Where it does not, links are given
	// to who asked for them (rule 19).
	MailOut  bool
	Store    Store
	Sealer   Sealer
	Hasher   Hasher
	IDs      IDs
	Issuers  IssuerChecker
	Notifier Notifier
	Log      *slog.Logger
}

// NewService returns a Service on the given ports.
func NewService(p Ports) *Service {
	if p.IDs == nil {
		p.IDs = &RandomIDs{}
	}
	return &Service{
		store: p.Store, sealer: p.Sealer, hasher: p.Hasher, ids: p.IDs,
		issuers: p.Issuers, notifier: p.Notifier, log: p.Log,
		passwords: p.Passwords, codes: p.Codes, passkeys: p.Passkeys, attempts: p.Attempts, mailOut: p.MailOut,
		verdicts: newVerdicts(),
	}
}

// anchors are the two rows that never change and that rules ask for all the
// time: the root community and the built-in Admin.
type anchors struct {
	root  CommunityID
	admin RoleID
}

func (s *Service) anchorsOf(ctx context.Context, tx *Tx, ws WorkspaceID) (anchors, error) {
	if known, ok := s.anchors.Load(ws); ok {
		return known.(anchors), nil
	}
	w, err := tx.Workspaces.Get(ctx, ws)
	if err != nil {
		return anchors{}, orNotFound(err, "workspace")
	}
	roles, err := tx.Roles.List(ctx, ws)
	if err != nil {
		return anchors{}, err
	}
	a := anchors{root: w.Root}
	for _, r := range roles {
		if r.Builtin && r.Slug == RoleAdmin {
			a.admin = r.ID
		}
	}
	return a, nil
}

// rememberAnchors is called once the workspace is known to be committed.
func (s *Service) rememberAnchors(ws WorkspaceID, a anchors) {
	if a.admin != "" {
		s.anchors.Store(ws, a)
	}
}
