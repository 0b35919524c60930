package provisioning_test

import (
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// accountLink stores a link about an account and returns the text of it.
func (w *world) accountLink(a provisioning.AccountID, shape func(*provisioning.Link)) string {
	w.t.Helper()
	ctx, secret := w.t.Context(), w.ports.Hasher.NewSecret()
	l := provisioning.Link{ID: newID[provisioning.LinkID](), Purpose: provisioning.LinkReset, Account: a, SecretHash: w.ports.Hasher.Hash(secret)}
	works(w.t, w.store.Update(ctx, func(tx *provisioning.Tx) error {
		l.CreatedAt, l.ExpiresAt = tx.Now(), tx.Now().Add(time.Hour)
		shape(&l)
		return tx.Links.Create(ctx, l)
	}))
	return provisioning.LinkPrefix + string(l.ID) + "." + secret
}

func TestExchangeLink_OfAnAccountsLink(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		u, _ := w.joined(w.address("ada"), roleIn(w.paris, w.guest))
		account := w.accountOf(u).ID
		good := w.accountLink(account, func(*provisioning.Link) {})
		used := w.accountLink(account, func(l *provisioning.Link) { l.UsedAt = l.CreatedAt })
		expired := w.accountLink(account, func(l *provisioning.Link) { l.ExpiresAt = l.CreatedAt })
		for range 3 {
			ticket := must(w.ExchangeLink(ctx, good))(t)
			if email := must(w.OpenReset(ctx, ticket))(t); email != w.address("ada") {
				t.Errorf("the ticket is for %s", email)
			}
			isKind(t, w.tries(ticket), provisioning.ErrGone, "link_dead") // it is no invitation's
		}
		id, secret, _ := strings.Cut(good, ".")
		_, other, _ := strings.Cut(used, ".")
		for text, code := range map[string]string{
			used: "link_used", expired: "link_expired", id + "." + other: "link_dead", id: "link_dead", id + ".": "link_dead", "": "link_dead",
			provisioning.LinkPrefix + string(newID[provisioning.LinkID]()) + "." + secret:     "link_dead",
			provisioning.InvitationPrefix + strings.TrimPrefix(good, provisioning.LinkPrefix): "link_dead",
			good + strings.Repeat("x", 10_000):                                                "link_dead", "dbtic_" + secret: "link_dead",
		} {
			_, err := w.ExchangeLink(ctx, text)
			isKind(t, err, provisioning.ErrGone, code)
		}
	})
}
