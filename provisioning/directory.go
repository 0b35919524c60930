package provisioning

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// Switches of a directory: how its SCIM client differs from others.
const (
	// SwitchPatchCreatesMissing: a PATCH of an element of a multi-valued
	// attribute that is not there creates it (Entra ID) instead of being an error.
	SwitchPatchCreatesMissing = "patch-creates-missing"
	// SwitchGroupPatchBody: a PATCH of a group is answered with the group (200)
	// instead of nothing (204).
	SwitchGroupPatchBody = "group-patch-body"
	// SwitchBareToken: the token may come without the word Bearer.
	SwitchBareToken = "bare-token"
)

// Presets are the clients that a directory can be set up for, with the
// switches that differ from the defaults.
var presets = map[string]map[string]bool{
	"okta":         {},
	"okta-catalog": {SwitchBareToken: true},
	"entra":        {SwitchGroupPatchBody: false},
}

var switchDefaults = map[string]bool{
	SwitchPatchCreatesMissing: true,
	SwitchGroupPatchBody:      true,
	SwitchBareToken:           false,
}

// Presets lists the names of the presets.
func Presets() []string { return slices.Sorted(maps.Keys(presets)) }

// Switch returns the state of a switch, its default if it was never set.
func (d Directory) Switch(name string) bool {
	if on, ok := d.Switches[name]; ok {
		return on
	}
	return switchDefaults[name]
}

// NewDirectory describes a directory to create.
type NewDirectory struct {
	Name       string
	Preset     string       // "" is okta
	Connection ConnectionID // to pair it with; "" pairs the only ones (rule 15)
}

// CreateDirectory adds a SCIM client to the workspace.
func (s *Service) CreateDirectory(ctx context.Context, a Actor, ws WorkspaceID, n NewDirectory) (d Directory, err error) {
	if err := checkName("directory", n.Name); err != nil {
		return d, err
	}
	if n.Preset == "" {
		n.Preset = "okta"
	}
	switches, ok := presets[n.Preset]
	if !ok {
		return d, invalid("preset", "There is no preset %q; there are %s.", n.Preset, strings.Join(Presets(), ", "))
	}
	o := changeOptions{action: "directory.create"}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, DirectoryEdit, w.anchors.root); err != nil {
			return err
		}
		d = Directory{
			Workspace: ws, ID: DirectoryID(s.ids.New()), Name: n.Name, Preset: n.Preset,
			Switches: maps.Clone(switches), CreatedAt: w.Now(),
		}
		return w.createDirectory(ctx, &d, n.Connection)
	})
	return d, err
}

func (w *work) createDirectory(ctx context.Context, d *Directory, pair ConnectionID) error {
	if pair != "" {
		if _, err := w.connection(ctx, pair); err != nil {
			return err
		}
		d.Connection = pair
	}
	if err := w.Directories.Create(ctx, *d); err != nil {
		return directoryTaken(err, d.Name)
	}
	w.record(note{
		action: "directory.create", kind: "directory", target: string(d.ID),
		details: map[string]string{"preset": d.Preset, "connection": string(pair)},
	})
	w.emit("directory.created", string(d.ID), nil)
	if pair != "" {
		return nil
	}
	if err := w.pairOnlyOnes(ctx); err != nil {
		return err
	}
	stored, err := w.Directories.Find(ctx, d.ID)
	*d = stored
	return err
}

// pairOnlyOnes pairs the directory and the connection of a workspace that has
// just one of each, unpaired (rule 15). Nothing but a command changes it later.
func (w *work) pairOnlyOnes(ctx context.Context) error {
	if err := w.Workspaces.Lock(ctx, w.ws); err != nil {
		return err
	}
	directories, err := w.Directories.List(ctx, w.ws)
	if err != nil {
		return err
	}
	connections, err := w.Connections.List(ctx, w.ws)
	if err != nil {
		return err
	}
	if len(directories) != 1 || len(connections) != 1 || directories[0].Connection != "" {
		return nil
	}
	return w.pair(ctx, directories[0], connections[0].ID)
}

// pair stores the pairing and claims, for the users of the directory, the
// subjects that their externalIds now name. Pairing that would join two users,
// one known by sign-in and one by the directory, is refused.
func (w *work) pair(ctx context.Context, d Directory, c ConnectionID) error {
	d.Connection = c
	if err := w.Directories.Update(ctx, d); err != nil {
		return err
	}
	if err := w.forgetTokens(ctx, d.ID); err != nil {
		return err
	}
	w.administrators.touched = true // a record is a way in now
	w.record(note{action: "directory.pair", kind: "directory", target: string(d.ID), details: map[string]string{"connection": string(c)}})
	w.emit("directory.paired", string(d.ID), map[string]string{"connection": string(c)})
	user, owner, err := w.Subjects.ClaimRecorded(ctx, w.ws, c, d.ID)
	if err == nil && user != "" {
		return conflict("pairing_joins_users",
			"User %s of the directory and user %s, who signed in before, are one person to the provider. Remove one of them, then pair.", user, owner)
	}
	return err
}

// DirectoryWrite changes a directory; nil leaves a field as it is.
type DirectoryWrite struct {
	Name       *string
	Switches   map[string]bool
	Connection *ConnectionID
}

// UpdateDirectory changes a directory's name, switches or pairing.
func (s *Service) UpdateDirectory(ctx context.Context, a Actor, ws WorkspaceID, id DirectoryID, n DirectoryWrite) (d Directory, err error) {
	for name := range n.Switches {
		if _, ok := switchDefaults[name]; !ok {
			return d, invalid("switch", "There is no switch %q; there are %s.", name,
				strings.Join(slices.Sorted(maps.Keys(switchDefaults)), ", "))
		}
	}
	o := changeOptions{action: "directory.update", target: string(id)}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, DirectoryEdit, w.anchors.root); err != nil {
			return err
		}
		if d, err = w.lockedDirectory(ctx, id); err != nil {
			return err
		}
		return w.updateDirectory(ctx, &d, n)
	})
	return d, err
}

func (w *work) updateDirectory(ctx context.Context, d *Directory, n DirectoryWrite) error {
	before := *d
	d.Switches = maps.Clone(d.Switches)
	if d.Switches == nil {
		d.Switches = map[string]bool{}
	}
	maps.Copy(d.Switches, n.Switches)
	if n.Name != nil {
		if err := checkName("directory", *n.Name); err != nil {
			return err
		}
		d.Name = *n.Name
	}
	if d.Name != before.Name || !maps.Equal(d.Switches, before.Switches) {
		if err := w.Directories.Update(ctx, *d); err != nil {
			return directoryTaken(err, d.Name)
		}
		w.record(note{action: "directory.update", kind: "directory", target: string(d.ID), details: switchDetails(d.Switches)})
		w.emit("directory.changed", string(d.ID), nil)
		if err := w.forgetTokens(ctx, d.ID); err != nil {
			return err
		}
	}
	if n.Connection == nil || *n.Connection == before.Connection {
		return nil
	}
	return w.repair(ctx, d, *n.Connection)
}

// repair pairs the directory with another connection.
func (w *work) repair(ctx context.Context, d *Directory, c ConnectionID) error {
	if _, err := w.connection(ctx, c); err != nil {
		return err
	}
	if d.Connection != "" {
		if err := w.Subjects.ReleaseRecorded(ctx, w.ws, d.Connection, d.ID); err != nil {
			return err
		}
	}
	d.Connection = c
	return w.pair(ctx, *d, c)
}

func switchDetails(switches map[string]bool) map[string]string {
	details := make(map[string]string, len(switches))
	for name, on := range switches {
		details[name] = yesNo(on)
	}
	return details
}

func (w *work) directory(ctx context.Context, id DirectoryID) (Directory, error) {
	d, err := w.Directories.Find(ctx, id)
	return w.liveDirectory(d, err)
}

// heldDirectory keeps the directory from being changed or deleted while it
// writes: a record is never left to a directory that is gone.
func (w *work) heldDirectory(ctx context.Context, id DirectoryID) (Directory, error) {
	d, err := w.Directories.Hold(ctx, id)
	return w.liveDirectory(d, err)
}

func (w *work) liveDirectory(d Directory, err error) (Directory, error) {
	if err == nil && (d.Workspace != w.ws || !d.DeletedAt.IsZero()) {
		return Directory{}, notFound("directory")
	}
	return d, orNotFound(err, "directory")
}

// lockedDirectory keeps other changes of the directory out, so that none
// writes back what another replaced, and waits for what it is writing itself.
func (w *work) lockedDirectory(ctx context.Context, id DirectoryID) (Directory, error) {
	if err := w.Workspaces.Lock(ctx, w.ws); err != nil {
		return Directory{}, err
	}
	d, err := w.Directories.Lock(ctx, id)
	return w.liveDirectory(d, err)
}

// forgetTokens makes every process look the directory up again.
func (w *work) forgetTokens(ctx context.Context, id DirectoryID) error {
	tokens, err := w.Tokens.List(ctx, w.ws, id)
	for _, t := range tokens {
		w.revoked = append(w.revoked, string(t.ID))
	}
	return err
}

// DeleteDirectory ends a directory: its tokens, groups and mappings end; its
// users stay, with blocks, identities and hand-given grants, and are managed
// by hand from now on. Nobody becomes active who was not (rule 8).
func (s *Service) DeleteDirectory(ctx context.Context, a Actor, ws WorkspaceID, id DirectoryID) error {
	o := changeOptions{action: "directory.delete", target: string(id)}
	return s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, DirectoryEdit, w.anchors.root); err != nil {
			return err
		}
		d, err := w.lockedDirectory(ctx, id)
		if err != nil {
			return err
		}
		w.administrators.touched = true
		return w.deleteDirectory(ctx, d)
	})
}

func (w *work) deleteDirectory(ctx context.Context, d Directory) error {
	ended, err := w.Tokens.Revoke(ctx, w.ws, d.ID, nil, w.Now())
	if err != nil {
		return err
	}
	revoke(w, ended)
	if err := w.deleteGroupsOf(ctx, d); err != nil {
		return err
	}
	if err := w.freeRecordsOf(ctx, d); err != nil {
		return err
	}
	d.DeletedAt = w.Now()
	w.record(note{action: "directory.delete", kind: "directory", target: string(d.ID)})
	w.emit("directory.deleted", string(d.ID), nil)
	return w.Directories.Update(ctx, d)
}

func (w *work) deleteGroupsOf(ctx context.Context, d Directory) error {
	for {
		groups, _, err := w.Groups.List(ctx, w.ws, GroupQuery{Directory: d.ID, Limit: 100})
		if err != nil || len(groups) == 0 {
			return err
		}
		for _, g := range groups {
			if err := w.deleteGroup(ctx, g.ID); err != nil {
				return err
			}
			if err := w.deleteMappingsOf(ctx, g.ID); err != nil {
				return err
			}
		}
	}
}

// deleteMappingsOf ends the mappings of a group that has no members any more:
// they are what told deleteGroup whom to resolve again, so they go after it.
func (w *work) deleteMappingsOf(ctx context.Context, g GroupID) error {
	mappings, err := w.Mappings.List(ctx, w.ws, g)
	if err != nil {
		return err
	}
	for _, m := range mappings {
		if err := w.endMapping(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) freeRecordsOf(ctx context.Context, d Directory) error {
	for {
		users, err := w.Records.OfDirectory(ctx, w.ws, d.ID, "", refreshChunk)
		if err != nil || len(users) == 0 {
			return err
		}
		for _, u := range users {
			if err := w.Records.Delete(ctx, w.ws, u); err != nil {
				return err
			}
		}
	}
}

// Directories lists those of the workspace that are not deleted, by id.
func (s *Service) Directories(ctx context.Context, ws WorkspaceID) (all []Directory, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		all, err = tx.Directories.List(ctx, ws)
		return err
	})
	return all, err
}

func directoryTaken(err error, name string) error {
	if Taken(err, KeyName) {
		return conflict("name_taken", "The workspace has another directory called %q.", name)
	}
	return err
}

// MaxTokens is how many live tokens a directory may have.
const MaxTokens = 5

// DefaultTokenLifetime is how long a token is good unless said otherwise.
const DefaultTokenLifetime = 365 * day

// ScimTokenPrefix starts every bearer token of a directory, so that scanners
// for leaked secrets find it.
const ScimTokenPrefix = "dbscim_"

// CreateToken makes a bearer token of the directory and returns its text,
// which is shown once.
func (s *Service) CreateToken(ctx context.Context, a Actor, ws WorkspaceID, d DirectoryID, name string, lifetime time.Duration) (t DirectoryToken, text string, err error) {
	if lifetime <= 0 || lifetime > 3650*day {
		return t, "", invalid("lifetime", "A token lives at most 3650 days.")
	}
	if name == "" {
		name = "token"
	}
	if err := checkName("token", name); err != nil {
		return t, "", err
	}
	secret := s.hasher.NewSecret()
	o := changeOptions{action: "token.create", target: string(d)}
	err = s.change(ctx, a, ws, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, DirectoryEdit, w.anchors.root); err != nil {
			return err
		}
		t = DirectoryToken{
			Workspace: ws, Directory: d, ID: TokenID(s.ids.New()), Name: name,
			SecretHash: s.hasher.Hash(secret), LastFour: secret[len(secret)-4:],
			CreatedAt: w.Now(), ExpiresAt: w.Now().Add(lifetime),
		}
		return w.createToken(ctx, t)
	})
	return t, ScimTokenPrefix + string(t.ID) + "." + secret, err
}

func (w *work) createToken(ctx context.Context, t DirectoryToken) error {
	if _, err := w.directory(ctx, t.Directory); err != nil {
		return err
	}
	if err := w.Workspaces.Lock(ctx, w.ws); err != nil {
		return err
	}
	tokens, err := w.Tokens.List(ctx, w.ws, t.Directory)
	if err != nil {
		return err
	}
	live := slices.DeleteFunc(tokens, func(t DirectoryToken) bool { return !t.Live(w.Now()) })
	if len(live) >= MaxTokens {
		return conflict("too_many_tokens", "The directory has %d live tokens, as many as it may. Revoke one first.", len(live))
	}
	w.record(note{
		action: "token.create", kind: "token", target: string(t.ID),
		details: map[string]string{"directory": string(t.Directory), "expires_at": t.ExpiresAt.Format(time.RFC3339)},
	})
	w.emit("token.created", string(t.ID), map[string]string{"directory": string(t.Directory)})
	return w.Tokens.Create(ctx, t)
}

// Live reports whether the token is good at now.
func (t DirectoryToken) Live(now time.Time) bool {
	return t.RevokedAt.IsZero() && now.Before(t.ExpiresAt)
}

// Tokens lists those of the directory, the ended ones too.
func (s *Service) Tokens(ctx context.Context, ws WorkspaceID, d DirectoryID) (all []DirectoryToken, err error) {
	err = s.store.View(ctx, func(tx *Tx) error {
		all, err = tx.Tokens.List(ctx, ws, d)
		return err
	})
	return all, err
}

// RevokeToken ends a token at once, wherever it is in use.
func (s *Service) RevokeToken(ctx context.Context, a Actor, id TokenID) error {
	var t DirectoryToken
	err := s.store.View(ctx, func(tx *Tx) (err error) {
		t, _, err = tx.Tokens.Find(ctx, id)
		return orNotFound(err, "token")
	})
	if err != nil {
		return err
	}
	if a.Kind == ActorUser && a.Workspace != t.Workspace {
		return notFound("token")
	}
	o := changeOptions{action: "token.revoke", target: string(id)}
	return s.change(ctx, a, t.Workspace, o, func(ctx context.Context, w *work) error {
		if err := w.require(ctx, DirectoryEdit, w.anchors.root); err != nil {
			return err
		}
		ended, err := w.Tokens.Revoke(ctx, w.ws, t.Directory, []TokenID{id}, w.Now())
		if err != nil || len(ended) == 0 {
			return err
		}
		revoke(w, ended)
		w.record(note{action: "token.revoke", kind: "token", target: string(id)})
		w.emit("token.revoked", string(id), map[string]string{"directory": string(t.Directory)})
		return nil
	})
}
