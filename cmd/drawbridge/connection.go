package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type connectionCommand struct {
	Create  connectionCreate  `cmd:"" help:"Connect an OIDC provider. Its discovery is checked before anything is stored."`
	List    connectionList    `cmd:"" help:"List the connections of a workspace."`
	Show    connectionShow    `cmd:"" help:"Show a connection."`
	Update  connectionUpdate  `cmd:"" help:"Change a connection."`
	Test    connectionTest    `cmd:"" help:"Check the discovery of a connection's issuer again."`
	Disable connectionDisable `cmd:"" help:"Stop sign-in through a connection."`
	Enable  connectionEnable  `cmd:"" help:"Let people sign in through a connection again."`
}

type connectionView struct {
	ID                 provisioning.ConnectionID `json:"id"`
	Name               string                    `json:"name"`
	Issuer             string                    `json:"issuer"`
	ClientID           string                    `json:"client_id"`
	Enabled            bool                      `json:"enabled"`
	AutoCreate         bool                      `json:"auto_create"`
	DefaultRole        string                    `json:"default_role"`
	DefaultCommunities []string                  `json:"default_communities"`
	RedirectURI        string                    `json:"redirect_uri"`
	LoginURL           string                    `json:"login_url"`
	InitiateLoginURI   string                    `json:"initiate_login_uri"`
}

func viewConnection(public *url.URL, known names, c provisioning.Connection) connectionView {
	return connectionView{
		ID: c.ID, Name: c.Name, Issuer: c.Issuer, ClientID: c.ClientID, Enabled: c.Enabled(), AutoCreate: c.AutoCreate,
		DefaultRole:        known.roles[c.DefaultRole].Slug,
		DefaultCommunities: collect(c.DefaultCommunities, func(id provisioning.CommunityID) string { return known.communities[id].Slug }),
		RedirectURI:        redirectURL(public, c.ID), LoginURL: loginURL(public, c.ID), InitiateLoginURI: loginURL(public, c.ID),
	}
}

func (sh *shell) showConnection(ctx context.Context, core *app.Core, c provisioning.Connection) error {
	known, err := readNames(ctx, core.Service, c.Workspace)
	if err != nil {
		return err
	}
	v := viewConnection(core.Config.PublicURL, known, c)
	return sh.show(v, facts("connection", c.Name, "id", string(c.ID), "issuer", c.Issuer, "client id", c.ClientID,
		"enabled", yesNo(v.Enabled), "automatic creation", yesNo(v.AutoCreate), "default role", v.DefaultRole,
		"default communities", strings.Join(v.DefaultCommunities, ", "),
		"redirect URI", v.RedirectURI, "login URL", v.LoginURL, "initiate login URI", v.InitiateLoginURI))
}

// connectionDefaults are the flags about people who sign in for the first time.
type connectionDefaults struct {
	AutoCreate            *bool    `negatable:"" help:"Create people at their first sign-in."`
	DefaultRole           string   `placeholder:"ROLE" help:"Role of people who are created: its id, slug or name."`
	DefaultCommunity      []string `sep:"none" placeholder:"COMMUNITY" help:"Community in which they get it; may be repeated."`
	ConfirmAdministrative bool     `help:"Confirm a default that gives an administrative permission or reaches the whole of a multi-tenant workspace."`
}

// write resolves what was typed into n.
func (c connectionDefaults) write(ctx context.Context, s *provisioning.Service, ws provisioning.WorkspaceID, n *provisioning.ConnectionWrite) error {
	n.AutoCreate, n.Confirmed = c.AutoCreate, c.ConfirmAdministrative
	if c.DefaultRole != "" {
		role, err := s.FindRole(ctx, ws, c.DefaultRole)
		if err != nil {
			return err
		}
		n.DefaultRole = &role.ID
	}
	for _, ref := range c.DefaultCommunity {
		community, err := s.FindCommunity(ctx, ws, ref)
		if err != nil {
			return err
		}
		n.DefaultCommunities = append(n.DefaultCommunities, community.ID)
	}
	return nil
}

type connectionCreate struct {
	inWorkspace
	Name             string `required:"" help:"Name that people read, such as Okta."`
	Issuer           string `required:"" placeholder:"URL" help:"Issuer; for Okta https:// and the Okta domain."`
	ClientID         string `name:"client-id" required:"" help:"Client id of the application at the provider."`
	ClientSecretFile string `required:"" type:"existingfile" placeholder:"FILE" help:"File that holds the client secret."`
	connectionDefaults
}

func (c connectionCreate) Run(ctx context.Context, sh *shell) error {
	secret, err := readSecret(c.ClientSecretFile)
	if err != nil {
		return err
	}
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		n := provisioning.ConnectionWrite{Name: &c.Name, Issuer: &c.Issuer, ClientID: &c.ClientID, ClientSecret: &secret}
		if err := c.write(ctx, core.Service, w.ID, &n); err != nil {
			return err
		}
		made, err := core.Service.CreateConnection(ctx, operator, w.ID, n)
		if err != nil {
			return err
		}
		return sh.showConnection(ctx, core, made)
	})
}

type connectionList struct{ inWorkspace }

func (c connectionList) Run(ctx context.Context, sh *shell) error {
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		all, err := core.Service.Connections(ctx, w.ID)
		if err != nil {
			return err
		}
		known, err := readNames(ctx, core.Service, w.ID)
		if err != nil {
			return err
		}
		views := collect(all, func(c provisioning.Connection) connectionView {
			return viewConnection(core.Config.PublicURL, known, c)
		})
		return sh.show(views, table([]string{"NAME", "ISSUER", "ENABLED", "AUTOMATIC CREATION", "DEFAULT ROLE", "ID"},
			collect(views, func(v connectionView) []string {
				return []string{v.Name, v.Issuer, yesNo(v.Enabled), yesNo(v.AutoCreate), v.DefaultRole, string(v.ID)}
			})))
	})
}

// oneConnection is the argument of commands about one connection.
type oneConnection struct {
	maybeWorkspace
	Connection string `arg:"" help:"Connection: its id or name."`
}

// with runs fn on the connection.
func (c oneConnection) with(ctx context.Context, sh *shell, fn func(*app.Core, provisioning.Connection) error) error {
	return sh.withCore(ctx, func(core *app.Core) error {
		found, err := findAnywhere(ctx, core.Service, c.Workspace, "connection", c.Connection, core.Service.FindConnection)
		if err != nil {
			return err
		}
		return fn(core, found)
	})
}

type connectionShow struct{ oneConnection }

func (c connectionShow) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, found provisioning.Connection) error {
		return sh.showConnection(ctx, core, found)
	})
}

type connectionUpdate struct {
	oneConnection
	Name             *string `help:"New name."`
	Issuer           *string `placeholder:"URL" help:"New issuer. Nobody whom the old one knew is recognised any more."`
	ClientID         *string `name:"client-id" help:"New client id."`
	ClientSecretFile string  `type:"existingfile" placeholder:"FILE" help:"File that holds the new client secret."`
	connectionDefaults
}

func (c connectionUpdate) changesNothing() bool {
	return c.Name == nil && c.Issuer == nil && c.ClientID == nil && c.ClientSecretFile == "" &&
		c.AutoCreate == nil && c.DefaultRole == "" && len(c.DefaultCommunity) == 0
}

func (c connectionUpdate) Run(ctx context.Context, sh *shell) error {
	if c.changesNothing() {
		return usage("nothing to change: give at least one of the flags of `drawbridge connection update --help`")
	}
	n := provisioning.ConnectionWrite{Name: c.Name, Issuer: c.Issuer, ClientID: c.ClientID}
	if c.ClientSecretFile != "" {
		secret, err := readSecret(c.ClientSecretFile)
		if err != nil {
			return err
		}
		n.ClientSecret = &secret
	}
	return c.with(ctx, sh, func(core *app.Core, found provisioning.Connection) error {
		if err := c.write(ctx, core.Service, found.Workspace, &n); err != nil {
			return err
		}
		changed, err := core.Service.UpdateConnection(ctx, operator, found.Workspace, found.ID, n)
		if err != nil {
			return err
		}
		return sh.showConnection(ctx, core, changed)
	})
}

type connectionTest struct{ oneConnection }

// checkedIssuer is the answer of `connection test`.
type checkedIssuer struct {
	ID     provisioning.ConnectionID `json:"id"`
	Issuer string                    `json:"issuer"`
	Status string                    `json:"status"`
}

func (c connectionTest) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, found provisioning.Connection) error {
		if err := core.Service.CheckConnection(ctx, found); err != nil {
			return err
		}
		return sh.show(checkedIssuer{found.ID, found.Issuer, "ok"}, fmt.Sprintf("%s answers as it should\n", found.Issuer))
	})
}

type connectionDisable struct {
	oneConnection
	destructive
}

func (c connectionDisable) Run(ctx context.Context, sh *shell) error {
	if err := sh.consent(c.Yes, fmt.Sprintf("Disabling connection %s keeps everybody from signing in through it.", c.Connection)); err != nil {
		return err
	}
	return c.with(ctx, sh, func(core *app.Core, found provisioning.Connection) error {
		changed, err := core.Service.DisableConnection(ctx, operator, found.Workspace, found.ID)
		if err != nil {
			return err
		}
		return sh.showConnection(ctx, core, changed)
	})
}

type connectionEnable struct{ oneConnection }

func (c connectionEnable) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, found provisioning.Connection) error {
		changed, err := core.Service.EnableConnection(ctx, operator, found.Workspace, found.ID)
		if err != nil {
			return err
		}
		return sh.showConnection(ctx, core, changed)
	})
}
