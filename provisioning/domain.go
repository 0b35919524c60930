package provisioning

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// AddDomain claims an e-mail domain for the workspace. verified is the
// operator's word that the domain is the customer's; only the operator gives it.
func (s *Service) AddDomain(ctx context.Context, a Actor, ws WorkspaceID, name string, verified bool) (d Domain, err error) {
	name = Fold(strings.TrimSuffix(strings.TrimSpace(name), "."))
	if !validDomain(name) {
		return d, invalid("domain", "%q is no e-mail domain; write it like acme.example.", name)
	}
	o := changeOptions{action: "domain.add", target: name}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, SecurityEdit, w.anchors.root); err != nil {
			return err
		}
		if verified && a.Kind != ActorOperator {
			return fail(ErrForbidden, "not_permitted", "Only the operator on the server vouches for a domain; verify it by its DNS record.")
		}
		d, err = w.addDomain(ctx, name, verified)
		return err
	})
	return d, err
}

func (w *work) addDomain(ctx context.Context, name string, verified bool) (Domain, error) {
	all, err := w.Domains.List(ctx, w.ws)
	if err != nil {
		return Domain{}, err
	}
	d := Domain{Workspace: w.ws, Name: name, Token: "drawbridge-verification=" + w.s.hasher.NewSecret(), CreatedAt: w.Now()}
	if i := slices.IndexFunc(all, func(known Domain) bool { return known.Name == name }); i >= 0 {
		if d = all[i]; d.Verified() || !verified {
			return d, nil
		}
	}
	if verified {
		d.VerifiedAt, d.VerifiedBy = w.Now(), string(ActorOperator)
		w.administrators.touched = true // SSO may be required for the domain from now on
	}
	w.record(note{action: "domain.add", kind: "domain", target: name, details: map[string]string{"verified": yesNo(verified)}})
	w.emit("domain.added", name, map[string]string{"verified": yesNo(verified)})
	return d, w.Domains.Put(ctx, d)
}

// ReleaseDomain gives a domain up: nothing is linked or created by it any more.
func (s *Service) ReleaseDomain(ctx context.Context, a Actor, ws WorkspaceID, name string) error {
	name = Fold(strings.TrimSpace(name))
	o := changeOptions{action: "domain.release", target: name}
	return s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, SecurityEdit, w.anchors.root); err != nil {
			return err
		}
		if err := w.Domains.Delete(ctx, ws, name); err != nil {
			if errors.Is(err, ErrNotFound) {
				return notFound("domain")
			}
			return err
		}
		w.record(note{action: "domain.release", kind: "domain", target: name})
		w.emit("domain.released", name, nil)
		return nil
	})
}

// Domains lists the domains of the workspace by name.
func (s *Service) Domains(ctx context.Context, ws WorkspaceID) (all []Domain, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		all, err = tx.Domains.List(ctx, ws)
		return err
	})
	return all, err
}

// ConnectionsFor returns the enabled connections to which the domain of an
// address leads, of all workspaces that verified it.
func (s *Service) ConnectionsFor(ctx context.Context, email string) (all []Connection, err error) {
	email = strings.TrimSpace(email)
	if err := checkEmail(email); err != nil {
		return nil, err
	}
	err = s.store.View(ctx, func(tx *Tx) error {
		all, err = tx.Domains.Connections(ctx, DomainOf(email))
		return err
	})
	return all, err
}

func validDomain(name string) bool {
	if len(name) > 253 || !strings.Contains(name, ".") {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
		for _, r := range label {
			if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r < 0x80 {
				return false
			}
		}
	}
	return true
}

// checkEmail accepts what can be an address: one @ with something before it
// and a domain behind it, no blanks or control characters, at most 254 bytes
// (RFC 5321 §4.5.3.1).
func checkEmail(email string) error {
	if err := checkText("e-mail", email, 254); err != nil {
		return err
	}
	domain := DomainOf(email)
	unprintable := strings.ContainsFunc(email, func(r rune) bool { return r <= ' ' || r == 0x7f })
	// The Kelvin sign and the long s fold into k and s: another mailbox may be behind them.
	lookalike := strings.ContainsAny(email, "\u212a\u017f")
	if unprintable || lookalike || strings.ContainsAny(email, "<>,;\"()[]\\") || strings.Count(email, "@") != 1 || !validDomain(domain) {
		return invalid("email", "%q is no e-mail address.", email)
	}
	return nil
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
