package oidc_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"drawbridge/provisioning"
)

var acme = provisioning.Workspace{ID: "ws-acme", Slug: "acme", Name: "Acme", Settings: provisioning.Settings{"contact": "it-help@acme.example"}}

// service is a Service in memory: it keeps its promises about sign-ins and
// sessions, and decides by one rule: whoever has a subject that it knows enters.
type service struct {
	mu          sync.Mutex
	connections map[string]provisioning.Connection
	people      map[string]provisioning.User // by subject
	pending     map[string]pending           // by state
	sessions    map[string]provisioning.Viewer
	refuse      error
	claims      []provisioning.Claims // of each sign-in that was asked about
	invitations []provisioning.InvitationID
	parents     []string // the parent sign-in that each of them came with
	n           int
}

type pending struct {
	provisioning.PendingSignIn
	browser string
}

func newService() *service {
	okta := provisioning.Connection{Workspace: acme.ID, ID: "cn-okta", Name: "Okta", Issuer: issuer, ClientID: clientID}
	other, closed := okta, okta
	other.ID, other.Name = "cn-other", "Other"
	closed.ID, closed.DisabledAt = "cn-closed", time.Now()
	return &service{
		connections: map[string]provisioning.Connection{"cn-okta": okta, "cn-other": other, "cn-closed": closed},
		people: map[string]provisioning.User{
			"00uada":   {Workspace: acme.ID, ID: "u-ada", UserName: "ada@acme.example", DisplayName: "Ada Lovelace"},
			"00ugrace": {Workspace: acme.ID, ID: "u-grace", UserName: "grace@acme.example", GivenName: "Grace", FamilyName: "Hopper"},
		},
		pending: map[string]pending{}, sessions: map[string]provisioning.Viewer{},
	}
}

func (s *service) next(kind string) string {
	s.n++
	return fmt.Sprintf("%s-%d", kind, s.n)
}

func gone() error { return &provisioning.Error{Kind: provisioning.ErrGone, Code: "gone"} }

func (s *service) FindConnection(_ context.Context, _ provisioning.WorkspaceID, ref string) (provisioning.Connection, error) {
	if ref == "cn-broken" {
		return provisioning.Connection{}, errors.New("the database is gone")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.connections[ref]
	if !ok {
		return c, &provisioning.Error{Kind: provisioning.ErrNotFound, Code: "not_found"}
	}
	return c, nil
}

func (s *service) ClientSecret(provisioning.Connection) (string, error) { return clientSecret, nil }

func (s *service) Workspace(context.Context, provisioning.WorkspaceID) (provisioning.Workspace, error) {
	return acme, nil
}

func (s *service) OpenInvitation(_ context.Context, token string) (provisioning.Invited, error) {
	switch token {
	case "dbinv_good":
		return provisioning.Invited{Invitation: provisioning.Invitation{ID: "in-1"}, Workspace: acme}, nil
	case "dbinv_elsewhere":
		return provisioning.Invited{Invitation: provisioning.Invitation{ID: "in-2"}, Workspace: provisioning.Workspace{ID: "ws-other"}}, nil
	}
	return provisioning.Invited{}, gone()
}

func (s *service) BeginSignIn(_ context.Context, r provisioning.SignInRequest) (provisioning.PendingSignIn, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := provisioning.PendingSignIn{
		Workspace: r.Connection.Workspace, ID: provisioning.SignInID(s.next("si")), Connection: r.Connection.ID, Issuer: r.Connection.Issuer,
		ReturnTo: r.ReturnTo, Invitation: r.Invitation, CreatedAt: time.Now(), ExpiresAt: time.Now().Add(provisioning.SignInLifetime),
	}
	state := string(p.ID) + ".state"
	s.pending[state] = pending{p, r.BrowserSecret}
	return p, state, nil
}

func (s *service) TakeSignIn(_ context.Context, state, browser string, c provisioning.ConnectionID) (provisioning.PendingSignIn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pending[state]
	delete(s.pending, state)
	if !ok || p.browser != browser || p.Connection != c {
		return provisioning.PendingSignIn{}, gone()
	}
	return p.PendingSignIn, nil
}

func (s *service) SignIn(_ context.Context, c provisioning.Connection, p provisioning.PendingSignIn, claims provisioning.Claims, b provisioning.Browser) (provisioning.SignedIn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.claims = append(s.claims, claims)
	s.invitations = append(s.invitations, p.Invitation)
	s.parents = append(s.parents, b.Parent)
	u, ok := s.people[claims.Subject]
	if s.refuse != nil {
		return provisioning.SignedIn{}, s.refuse
	}
	if !ok {
		return provisioning.SignedIn{}, &provisioning.Refusal{Reason: provisioning.RefusedUnknown, Workspace: acme}
	}
	session := provisioning.Session{Workspace: c.Workspace, ID: provisioning.SessionID(s.next("se")), User: u.ID, ExpiresAt: time.Now().Add(time.Hour)}
	cookie := string(session.ID) + ".secret"
	s.sessions[cookie] = provisioning.Viewer{Session: session, User: u, Workspace: acme}
	return provisioning.SignedIn{User: u, Session: session, Secret: cookie}, nil
}

func (s *service) Authenticate(_ context.Context, cookie string) (provisioning.Viewer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.sessions[cookie]
	if !ok {
		return v, &provisioning.Error{Kind: provisioning.ErrUnauthenticated, Code: "session"}
	}
	return v, nil
}

func (s *service) SignOut(_ context.Context, v provisioning.Viewer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.sessions, func(_ string, other provisioning.Viewer) bool { return other.Session.ID == v.Session.ID })
	return nil
}

// live lists who has a session.
func (s *service) live() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var users []string
	for _, v := range s.sessions {
		users = append(users, string(v.User.ID))
	}
	slices.Sort(users)
	return users
}

// asked are the claims of the sign-ins that came as far as the Service.
func (s *service) asked() []provisioning.Claims {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.claims)
}
