package provisioning_test

import (
	"slices"
	"testing"

	"drawbridge/provisioning"
)

func TestTheWayThrough(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ada := w.push("00u1", "ada@acme.example")
		g := w.pushGroup("Analysts", ada.ID)
		w.mapGroup(g.ID, w.paris, w.analyst)
		if got, want := w.roles(ada.ID), []string{"analyst in soc-paris"}; !slices.Equal(got, want) {
			t.Fatalf("roles %v, want %v", got, want)
		}
		in := must(w.signIn("00u1", "ada@acme.example"))(t)
		if in.User.ID != ada.ID || in.Created {
			t.Fatalf("signed in as %v (created %v), want %v", in.User.ID, in.Created, ada.ID)
		}
		if got, want := w.roles(ada.ID), []string{"analyst in soc-paris", "guest in soc-lyon"}; !slices.Equal(got, want) {
			t.Errorf("roles %v, want %v", got, want)
		}
		must(w.Authenticate(t.Context(), in.Secret))(t)
		w.setActive(ada.ID, false)
		if _, err := w.Authenticate(t.Context(), in.Secret); err == nil {
			t.Error("the session outlived the deactivation")
		}
		_, err := w.signIn("00u1", "ada@acme.example")
		refusedFor(t, err, provisioning.RefusedBlocked)
		fresh := must(w.signIn("00u9", "new@acme.example"))(t)
		if !fresh.Created {
			t.Error("nobody was created")
		}
		if got, want := w.roles(fresh.User.ID), []string{"guest in soc-lyon"}; !slices.Equal(got, want) {
			t.Errorf("roles of the new user %v, want %v", got, want)
		}
		r := must(w.CheckResolve(t.Context(), w.ws))(t)
		if r.Users != 2 || r.Different != 0 {
			t.Errorf("resolving again: %+v", r)
		}
		must(w.SealAudit(t.Context(), w.ws))(t)
		a := must(w.VerifyAudit(t.Context(), w.ws))(t)
		if a.Fault != "" || a.Entries == 0 || a.Unsealed != 0 {
			t.Errorf("audit: %+v", a)
		}
	})
}
