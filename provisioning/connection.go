package provisioning

import (
	"context"
	"net/url"
	"slices"
	"strings"
)

// ConnectionWrite is what an administrator says of a connection. In an update,
// nil leaves a field as it is.
type ConnectionWrite struct {
	Name               *string
	Issuer             *string
	ClientID           *string
	ClientSecret       *string
	AutoCreate         *bool
	DefaultRole        *RoleID
	DefaultCommunities []CommunityID // nil leaves them as they are
	// Confirmed is the explicit confirmation that rule 4 asks for when the
	// default role gives an administrative permission or reaches the root of a
	// multi-tenant workspace.
	Confirmed bool
}

// CreateConnection looks the issuer up and stores a connection. If the
// workspace then has just one connection and one directory, unpaired, they are
// paired (rule 15).
func (s *Service) CreateConnection(ctx context.Context, a Actor, ws WorkspaceID, n ConnectionWrite) (c Connection, err error) {
	if n.Name == nil || n.Issuer == nil || n.ClientID == nil || n.ClientSecret == nil {
		return c, invalid("connection", "A connection needs a name, an issuer, a client id and a client secret.")
	}
	if n.Issuer, err = s.checkedIssuer(ctx, n.Issuer); err != nil {
		return c, err
	}
	id := ConnectionID(s.ids.New())
	o := changeOptions{action: "connection.create", target: string(id)}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		c = Connection{Workspace: ws, ID: id, CreatedAt: w.Now()}
		if err := w.writeConnection(ctx, &c, n); err != nil {
			return err
		}
		if err := w.Connections.Create(ctx, c); err != nil {
			return connectionTaken(err, c.Name)
		}
		w.administrators.touched = true // SSO may be required as soon as there is a way to come by it
		w.record(note{action: "connection.create", kind: "connection", target: string(id), details: connectionDetails(c)})
		w.emit("connection.created", string(id), nil)
		return w.pairOnlyOnes(ctx)
	})
	return c, err
}

// UpdateConnection changes a connection, but for its issuer: the subjects of
// another issuer are other people, so that is another connection.
func (s *Service) UpdateConnection(ctx context.Context, a Actor, ws WorkspaceID, id ConnectionID, n ConnectionWrite) (c Connection, err error) {
	if n.Issuer, err = s.checkedIssuer(ctx, n.Issuer); err != nil {
		return c, err
	}
	return s.changeConnection(ctx, a, ws, id, "connection.update", func(ctx context.Context, w *work, c *Connection) error {
		return w.writeConnection(ctx, c, n)
	})
}

// DisableConnection stops sign-in through the connection. Identities stay, and
// so do the sessions that came through it until they end by themselves.
func (s *Service) DisableConnection(ctx context.Context, a Actor, ws WorkspaceID, id ConnectionID) (Connection, error) {
	return s.changeConnection(ctx, a, ws, id, "connection.disable", func(ctx context.Context, w *work, c *Connection) error {
		if err := w.require(ctx, SecurityEdit, w.anchors.root); err != nil {
			return err
		}
		if c.Enabled() {
			c.DisabledAt = w.Now()
			w.administrators.touched = true
		}
		return nil
	})
}

// EnableConnection lets people sign in through the connection again.
func (s *Service) EnableConnection(ctx context.Context, a Actor, ws WorkspaceID, id ConnectionID) (Connection, error) {
	return s.changeConnection(ctx, a, ws, id, "connection.enable", func(ctx context.Context, w *work, c *Connection) error {
		if err := w.require(ctx, SecurityEdit, w.anchors.root); err != nil {
			return err
		}
		if !c.Enabled() {
			c.DisabledAt = Connection{}.DisabledAt
			w.administrators.touched = true
		}
		return nil
	})
}

func (s *Service) changeConnection(ctx context.Context, a Actor, ws WorkspaceID, id ConnectionID, action string,
	edit func(context.Context, *work, *Connection) error,
) (c Connection, err error) {
	o := changeOptions{action: action, target: string(id)}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		// Of two changes at once neither may write back what the other replaced.
		if err := w.Workspaces.Lock(ctx, ws); err != nil {
			return err
		}
		if c, err = w.connection(ctx, id); err != nil {
			return err
		}
		before := c
		before.DefaultCommunities = slices.Clone(c.DefaultCommunities)
		if err := edit(ctx, w, &c); err != nil || sameConnection(before, c) {
			return err
		}
		w.record(note{action: action, kind: "connection", target: string(id), details: connectionDetails(c)})
		w.emit("connection.changed", string(id), nil)
		return connectionTaken(w.Connections.Update(ctx, c), c.Name)
	})
	return c, err
}

func (w *work) connection(ctx context.Context, id ConnectionID) (Connection, error) {
	c, err := w.Connections.Find(ctx, id)
	if err == nil && c.Workspace != w.ws {
		return Connection{}, notFound("connection")
	}
	return c, orNotFound(err, "connection")
}

func (w *work) writeConnection(ctx context.Context, c *Connection, n ConnectionWrite) error {
	if err := w.require(ctx, SecurityEdit, w.anchors.root); err != nil {
		return err
	}
	if err := w.writeProvider(c, n); err != nil {
		return err
	}
	return w.writeDefaults(ctx, c, n)
}

func (w *work) writeProvider(c *Connection, n ConnectionWrite) error {
	if n.Name != nil {
		if err := checkName("connection", *n.Name); err != nil {
			return err
		}
		c.Name = *n.Name
	}
	switch {
	case n.Issuer == nil:
	case c.Issuer != "" && c.Issuer != *n.Issuer:
		return conflict("issuer_fixed", "The issuer of a connection cannot be changed: its subjects would be other people. Create a new connection for %s and disable this one.", *n.Issuer)
	default:
		c.Issuer = *n.Issuer
	}
	if n.ClientID != nil {
		if *n.ClientID == "" || len(*n.ClientID) > 255 {
			return invalid("client_id", "The client id has 1 to 255 characters.")
		}
		c.ClientID = *n.ClientID
	}
	if n.ClientSecret != nil {
		if *n.ClientSecret == "" || len(*n.ClientSecret) > 1024 {
			return invalid("client_secret", "The client secret has 1 to 1,024 characters.")
		}
		return w.sealSecret(c, *n.ClientSecret)
	}
	return nil
}

// sealSecret leaves the secret that the connection has already as it is
// sealed: sealing it again would look like a change.
func (w *work) sealSecret(c *Connection, secret string) error {
	if known, err := w.s.ClientSecret(*c); err == nil && known == secret {
		return nil
	}
	sealed, err := w.s.sealer.Seal(string(w.ws), secretRow(c.ID), []byte(secret))
	c.ClientSecret = sealed
	return err
}

func secretRow(id ConnectionID) string { return "connection/" + string(id) + "/client-secret" }

// writeDefaults sets automatic creation and its defaults (rules 4 and 5).
func (w *work) writeDefaults(ctx context.Context, c *Connection, n ConnectionWrite) error {
	touched := n.DefaultRole != nil || n.DefaultCommunities != nil || n.AutoCreate != nil
	if !touched {
		return nil
	}
	if n.DefaultRole != nil {
		c.DefaultRole = *n.DefaultRole
	}
	if n.DefaultCommunities != nil {
		c.DefaultCommunities = slices.Compact(slices.Sorted(slices.Values(n.DefaultCommunities)))
	}
	if n.AutoCreate != nil {
		c.AutoCreate = *n.AutoCreate
	}
	if c.DefaultRole != "" && len(c.DefaultCommunities) == 0 {
		if err := w.defaultToRoot(ctx, c); err != nil {
			return err
		}
	}
	givesNothing := n.DefaultRole == nil && n.DefaultCommunities == nil && !c.AutoCreate
	if givesNothing {
		return nil
	}
	if c.AutoCreate && (c.DefaultRole == "" || len(c.DefaultCommunities) == 0) {
		return invalid("defaults", "Automatic user creation needs a default role and at least one default community.")
	}
	return w.checkDefaults(ctx, *c, n.Confirmed)
}

// defaultToRoot chooses the one community that a single-tenant workspace has
// (rule 5).
func (w *work) defaultToRoot(ctx context.Context, c *Connection) error {
	multiTenant, err := w.multiTenant(ctx)
	if err == nil && !multiTenant {
		c.DefaultCommunities = []CommunityID{w.anchors.root}
	}
	return err
}

func (w *work) checkDefaults(ctx context.Context, c Connection, confirmed bool) error {
	if err := w.requireCommunity(ctx, c.DefaultCommunities...); err != nil {
		return err
	}
	if c.DefaultRole == "" {
		return nil
	}
	role, err := w.role(ctx, c.DefaultRole)
	if err != nil {
		return err
	}
	for _, id := range c.DefaultCommunities {
		if err := w.requireRole(ctx, role, id); err != nil {
			return err
		}
		if err := w.confirmGiving(ctx, id, role, confirmed); err != nil {
			return err
		}
	}
	return nil
}

// CheckConnection looks the issuer of a stored connection up again.
func (s *Service) CheckConnection(ctx context.Context, c Connection) error {
	issuer, err := s.issuers.CheckIssuer(ctx, c.Issuer)
	if err == nil && issuer != c.Issuer {
		return conflict("issuer_changed", "The provider now calls itself %s, the connection knows it as %s.", issuer, c.Issuer)
	}
	return err
}

// checkedIssuer asks the provider, and returns the issuer as it writes itself:
// a trailing slash that an administrator typed does not matter.
func (s *Service) checkedIssuer(ctx context.Context, issuer *string) (*string, error) {
	if issuer == nil {
		return nil, nil
	}
	text := strings.TrimSpace(*issuer)
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, invalid("issuer", "%q is no issuer; for Okta it is https:// and your Okta domain, such as https://acme.okta.com.", text)
	}
	if org, ok := strings.CutSuffix(strings.SplitN(u.Hostname(), ".", 2)[0], "-admin"); ok {
		return nil, invalid("issuer_admin_domain",
			"%s is the address of the Admin Console. The issuer is the domain without -admin: https://%s.%s", u.Host, org, strings.SplitN(u.Host, ".", 2)[1])
	}
	found, err := s.issuers.CheckIssuer(ctx, text)
	if err != nil {
		return nil, err
	}
	return &found, nil
}

// ClientSecret opens the client secret of a connection, for the exchange of a
// code.
func (s *Service) ClientSecret(c Connection) (string, error) {
	plain, err := s.sealer.Open(string(c.Workspace), secretRow(c.ID), c.ClientSecret)
	return string(plain), err
}

// Connections lists those of the workspace by id.
func (s *Service) Connections(ctx context.Context, ws WorkspaceID) (all []Connection, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		all, err = tx.Connections.List(ctx, ws)
		return err
	})
	return all, err
}

func connectionTaken(err error, name string) error {
	if Taken(err, KeyName) {
		return conflict("name_taken", "The workspace has another connection called %q.", name)
	}
	return err
}

func connectionDetails(c Connection) map[string]string {
	return map[string]string{
		"issuer": c.Issuer, "client_id": c.ClientID, "auto_create": yesNo(c.AutoCreate),
		"default_role": string(c.DefaultRole), "enabled": yesNo(c.Enabled()),
	}
}

func sameConnection(a, b Connection) bool {
	return a.Name == b.Name && a.Issuer == b.Issuer && a.ClientID == b.ClientID &&
		string(a.ClientSecret) == string(b.ClientSecret) && a.AutoCreate == b.AutoCreate &&
		a.DefaultRole == b.DefaultRole && slices.Equal(a.DefaultCommunities, b.DefaultCommunities) &&
		a.DisabledAt.Equal(b.DisabledAt)
}
