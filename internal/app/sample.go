package app

import (
	"context"
	"fmt"
	"time"

	"drawbridge/internal/oktasim"
	"drawbridge/provisioning"
)

// The sample that a demo shows, and that end-to-end tests start from.
const (
	sampleDomain    = "acme.example"
	samplePeople    = 25
	sampleGroups    = 4
	sampleNewcomers = 3
)

// SampleClient is how the bridge proves itself to the simulated provider.
type SampleClient struct{ ID, Secret string }

// NewSampleOkta returns a simulated Okta organisation with the sample's people
// and groups, served at base, whose provisioning application is of that kind.
func NewSampleOkta(base string, client SampleClient, kind oktasim.App) (*oktasim.Organisation, error) {
	return oktasim.New(oktasim.Config{
		BaseURL: base, ClientID: client.ID, ClientSecret: client.Secret, App: kind,
		Sample: oktasim.SampleOrganisation(sampleDomain, samplePeople, sampleGroups, sampleNewcomers),
	})
}

// BuildSample makes the workspace Acme by the Service's own methods, connects
// the simulated organisation, lets it push, and maps what it pushed.
func BuildSample(ctx context.Context, c *Core, org *oktasim.Organisation, client SampleClient) (provisioning.Workspace, error) {
	s := sample{Service: c.Service, operator: provisioning.Operator(), public: c.Config.PublicURL.String(), client: client}
	err := s.build(ctx, org)
	return s.workspace, err
}

func (s *sample) build(ctx context.Context, org *oktasim.Organisation) error {
	if err := s.createWorkspace(ctx); err != nil {
		return err
	}
	connection, err := s.connection(ctx, org)
	if err != nil {
		return err
	}
	if err := org.Connect(connection); err != nil {
		return err
	}
	if err := org.PushAll(ctx); err != nil {
		return fmt.Errorf("the simulated Okta could not push: %w", err)
	}
	return s.mappings(ctx)
}

// sample is the workspace while it is being built.
type sample struct {
	*provisioning.Service
	operator    provisioning.Actor
	public      string
	client      SampleClient
	workspace   provisioning.Workspace
	paris, lyon provisioning.CommunityID
}

func (s *sample) createWorkspace(ctx context.Context) error {
	made, err := s.CreateWorkspace(ctx, s.operator, provisioning.NewWorkspace{
		Name: "Acme", Slug: "acme", MultiTenant: true, AdminEmail: "owner@" + sampleDomain,
	})
	if err != nil {
		return err
	}
	s.workspace = made.Workspace
	if err := s.SetSetting(ctx, s.operator, s.workspace.ID, provisioning.SettingContact, "it-help@"+sampleDomain); err != nil {
		return err
	}
	for name, into := range map[string]*provisioning.CommunityID{"SOC Paris": &s.paris, "SOC Lyon": &s.lyon} {
		c, err := s.CreateCommunity(ctx, s.operator, s.workspace.ID, provisioning.NewCommunity{Name: name})
		if err != nil {
			return err
		}
		*into = c.ID
	}
	_, err = s.AddDomain(ctx, s.operator, s.workspace.ID, sampleDomain, true)
	return err
}

func (s *sample) connection(ctx context.Context, org *oktasim.Organisation) (oktasim.Connection, error) {
	var none oktasim.Connection
	directory, err := s.CreateDirectory(ctx, s.operator, s.workspace.ID, provisioning.NewDirectory{Name: "Okta", Preset: "okta-catalog"})
	if err != nil {
		return none, err
	}
	guest, err := s.FindRole(ctx, s.workspace.ID, provisioning.RoleGuest)
	if err != nil {
		return none, err
	}
	yes, name, issuer := true, "Okta", org.Issuer()
	c, err := s.CreateConnection(ctx, s.operator, s.workspace.ID, provisioning.ConnectionWrite{
		Name: &name, Issuer: &issuer, ClientID: &s.client.ID, ClientSecret: &s.client.Secret,
		AutoCreate: &yes, DefaultRole: &guest.ID, DefaultCommunities: []provisioning.CommunityID{s.lyon},
	})
	if err != nil {
		return none, err
	}
	_, token, err := s.CreateToken(ctx, s.operator, s.workspace.ID, directory.ID, "simulated Okta", 24*time.Hour)
	if err != nil {
		return none, err
	}
	return oktasim.Connection{
		RedirectURIs: []string{s.public + "/sso/" + string(c.ID) + "/callback"}, PostLogoutURIs: []string{s.public + "/"},
		InitiateLoginURI: s.public + "/sso/" + string(c.ID), SCIMURL: s.public + "/scim/v2", SCIMToken: token,
	}, nil
}

func (s *sample) mappings(ctx context.Context) error {
	for _, m := range []struct {
		group     string
		community provisioning.CommunityID
		role      string
	}{{"Analysts", s.paris, provisioning.RoleAnalyst}, {"Lyon", s.lyon, provisioning.RoleAnalyst}} {
		g, err := s.FindGroup(ctx, s.workspace.ID, "", m.group)
		if err != nil {
			return err
		}
		role, err := s.FindRole(ctx, s.workspace.ID, m.role)
		if err != nil {
			return err
		}
		if _, err := s.CreateMapping(ctx, s.operator, s.workspace.ID, provisioning.MappingWrite{Group: g.ID, Community: m.community, Role: role.ID}); err != nil {
			return err
		}
	}
	return nil
}
