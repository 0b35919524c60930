package storetest

import (
	"context"

	"drawbridge/provisioning"
)

var connectionSentences = []sentence{
	{"Create adds the connection; Find returns it by its id alone", connectionFind},
	{"Create: KeyName is taken if another of the workspace has its name, whatever the case", connectionName},
	{"Find returns ErrNotFound", connectionNotFound},
	{"List returns those of the workspace by id", connectionList},
	{"Update replaces everything but id, workspace and creation", connectionUpdate},
	{"Update: ErrNotFound; KeyName", connectionUpdateErrors},
}

func (w *world) createConnection(c provisioning.Connection) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Connections.Create(ctx, c) })
}

func (w *world) updateConnection(c provisioning.Connection) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Connections.Update(ctx, c) })
}

func (w *world) findConnection(id provisioning.ConnectionID) (got provisioning.Connection, err error) {
	err = w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = tx.Connections.Find(ctx, id)
		return err
	})
	return got, err
}

func connectionFind(w *world) {
	bare := provisioning.Connection{
		Workspace: w.workspace.ID, ID: newID[provisioning.ConnectionID](), Name: "Bare",
		ClientSecret: []byte{0}, CreatedAt: at(1),
	}
	wantOK(w.t, w.createConnection(bare))
	for _, want := range []provisioning.Connection{w.connection, bare} {
		got, err := w.findConnection(want.ID)
		wantOK(w.t, err)
		equal(w.t, "connection", got, want)
	}
}

func connectionName(w *world) {
	wantTaken(w.t, w.createConnection(w.draftConnection("OKTA")), provisioning.KeyName)
	other := w.another()
	wantOK(w.t, other.createConnection(other.draftConnection("Entra")))
	wantOK(w.t, w.createConnection(w.draftConnection("Entra")))
}

func connectionNotFound(w *world) {
	_, err := w.findConnection(newID[provisioning.ConnectionID]())
	wantKind(w.t, err, provisioning.ErrNotFound)
}

func connectionList(w *world) {
	w.another()
	first := w.draftConnection("Early")
	first.ID, first.DisabledAt = early(first.ID), at(7)
	wantOK(w.t, w.createConnection(first))
	got := read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Connection, error) {
		return tx.Connections.List(ctx, w.workspace.ID)
	})
	equal(w.t, "connections", got, []provisioning.Connection{first, w.connection})
}

func connectionUpdate(w *world) {
	want := w.connection
	want.Name, want.Issuer, want.ClientID = "Other", "https://other.example/", "0oa2"
	want.ClientSecret, want.AutoCreate, want.DefaultRole = []byte("resealed"), false, w.analyst.ID
	want.DefaultCommunities = sorted([]provisioning.CommunityID{w.root.ID, w.lyon.ID})
	want.DisabledAt, want.CreatedAt = at(8), at(9)
	wantOK(w.t, w.updateConnection(want))
	want.CreatedAt = w.connection.CreatedAt
	got, err := w.findConnection(want.ID)
	wantOK(w.t, err)
	equal(w.t, "connection", got, want)

	want.DefaultRole, want.DefaultCommunities = "", nil
	wantOK(w.t, w.updateConnection(want))
	got, err = w.findConnection(want.ID)
	wantOK(w.t, err)
	equal(w.t, "connection without defaults", got, want)
}

func connectionUpdateErrors(w *world) {
	wantKind(w.t, w.updateConnection(w.draftConnection("Nobody")), provisioning.ErrNotFound)
	second := w.draftConnection("Second")
	wantOK(w.t, w.createConnection(second))
	second.Name = "oktA"
	wantTaken(w.t, w.updateConnection(second), provisioning.KeyName)
}

var directorySentences = []sentence{
	{"Create adds the directory; Find returns it by its id alone", directoryFind},
	{"Create: KeyName is taken if another live one of the workspace has its name", directoryName},
	{"Find returns ErrNotFound", directoryNotFound},
	{"A deleted one is found, with its DeletedAt, and List leaves it out", directoryDeleted},
	{"List returns those of the workspace that are not deleted, by id", directoryList},
	{"Update replaces everything but id, workspace and creation", directoryUpdate},
	{"Update: ErrNotFound; KeyName", directoryUpdateErrors},
	{"Paired returns the directories, not deleted, that are paired with the connection, by id", directoryPaired},
}

func (w *world) createDirectory(d provisioning.Directory) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Directories.Create(ctx, d) })
}

func (w *world) updateDirectory(d provisioning.Directory) error {
	return w.try(func(ctx context.Context, tx *provisioning.Tx) error { return tx.Directories.Update(ctx, d) })
}

func (w *world) findDirectory(id provisioning.DirectoryID) (got provisioning.Directory, err error) {
	err = w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got, err = tx.Directories.Find(ctx, id)
		return err
	})
	return got, err
}

func (w *world) listDirectories() []provisioning.Directory {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Directory, error) {
		return tx.Directories.List(ctx, w.workspace.ID)
	})
}

// secondDirectory is one more directory of the world, unpaired.
func (w *world) secondDirectory(name string) provisioning.Directory {
	w.t.Helper()
	d := w.draftDirectory(name)
	wantOK(w.t, w.createDirectory(d))
	return d
}

func directoryFind(w *world) {
	bare := w.draftDirectory("Bare")
	bare.Switches = nil
	wantOK(w.t, w.createDirectory(bare))
	for _, want := range []provisioning.Directory{w.directory, bare} {
		got, err := w.findDirectory(want.ID)
		wantOK(w.t, err)
		equal(w.t, "directory", got, want)
	}
}

func directoryName(w *world) {
	wantTaken(w.t, w.createDirectory(w.draftDirectory("oKTA")), provisioning.KeyName)
	gone := w.directory
	gone.DeletedAt = at(9)
	wantOK(w.t, w.updateDirectory(gone))
	wantOK(w.t, w.createDirectory(w.draftDirectory("oKTA")))
}

func directoryNotFound(w *world) {
	_, err := w.findDirectory(newID[provisioning.DirectoryID]())
	wantKind(w.t, err, provisioning.ErrNotFound)
}

func directoryDeleted(w *world) {
	gone := w.directory
	gone.DeletedAt = at(9)
	wantOK(w.t, w.updateDirectory(gone))
	got, err := w.findDirectory(gone.ID)
	wantOK(w.t, err)
	equal(w.t, "directory", got, gone)
	equal(w.t, "list", w.listDirectories(), nil)
}

func directoryList(w *world) {
	w.another()
	first := w.draftDirectory("Early")
	first.ID = early(first.ID)
	wantOK(w.t, w.createDirectory(first))
	equal(w.t, "list", w.listDirectories(), []provisioning.Directory{first, w.directory})
}

func directoryUpdate(w *world) {
	want := w.directory
	want.Name, want.Preset, want.Switches = "Entra", "entra", map[string]bool{"a": false, "b": true}
	want.Connection, want.CreatedAt = "", at(99)
	wantOK(w.t, w.updateDirectory(want))
	want.CreatedAt = w.directory.CreatedAt
	got, err := w.findDirectory(want.ID)
	wantOK(w.t, err)
	equal(w.t, "directory", got, want)
}

func directoryUpdateErrors(w *world) {
	wantKind(w.t, w.updateDirectory(w.draftDirectory("Nobody")), provisioning.ErrNotFound)
	second := w.secondDirectory("Second")
	second.Name = "OKTA"
	wantTaken(w.t, w.updateDirectory(second), provisioning.KeyName)
}

func directoryPaired(w *world) {
	w.secondDirectory("Unpaired")
	first, gone := w.draftDirectory("Early"), w.draftDirectory("Gone")
	first.ID = early(first.ID)
	first.Connection, gone.Connection = w.connection.ID, w.connection.ID
	wantOK(w.t, w.createDirectory(first))
	wantOK(w.t, w.createDirectory(gone))
	gone.DeletedAt = at(9)
	wantOK(w.t, w.updateDirectory(gone))
	got := read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.Directory, error) {
		return tx.Directories.Paired(ctx, w.workspace.ID, w.connection.ID)
	})
	equal(w.t, "paired", got, []provisioning.Directory{first, w.directory})
}

var tokenSentences = []sentence{
	{"Create adds the token; Find returns it by its id alone together with its directory", tokenFind},
	{"Find returns ErrNotFound", tokenNotFound},
	{"List returns those of the directory by id, the ended ones too", tokenList},
	{"Revoke ends the tokens among ids that are not revoked yet and returns their ids", tokenRevoke},
	{"Revoke ends all of the directory if ids is nil", tokenRevokeAll},
	{"Revoke of no ids ends none", tokenRevokeNone},
	{"Touch notes a use", tokenTouch},
}

type tokenAndDirectory struct {
	token     provisioning.DirectoryToken
	directory provisioning.Directory
}

func (w *world) findToken(id provisioning.TokenID) (got tokenAndDirectory, err error) {
	err = w.look(func(ctx context.Context, tx *provisioning.Tx) (err error) {
		got.token, got.directory, err = tx.Tokens.Find(ctx, id)
		return err
	})
	return got, err
}

func (w *world) listTokens(d provisioning.Directory) []provisioning.DirectoryToken {
	w.t.Helper()
	return read(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.DirectoryToken, error) {
		return tx.Tokens.List(ctx, w.workspace.ID, d.ID)
	})
}

func (w *world) revoke(d provisioning.Directory, tokens []provisioning.TokenID) []provisioning.TokenID {
	w.t.Helper()
	return write(w, func(ctx context.Context, tx *provisioning.Tx) ([]provisioning.TokenID, error) {
		return tx.Tokens.Revoke(ctx, w.workspace.ID, d.ID, tokens, at(50))
	})
}

func tokenFind(w *world) {
	want := w.token(w.directory)
	got, err := w.findToken(want.ID)
	wantOK(w.t, err)
	equal(w.t, "token", got, tokenAndDirectory{want, w.directory})
}

func tokenNotFound(w *world) {
	_, err := w.findToken(newID[provisioning.TokenID]())
	wantKind(w.t, err, provisioning.ErrNotFound)
}

func tokenList(w *world) {
	w.token(w.secondDirectory("Other"))
	revoked := w.token(w.directory, func(k *provisioning.DirectoryToken) { k.RevokedAt = at(40) })
	expired := w.token(w.directory, func(k *provisioning.DirectoryToken) { k.ExpiresAt = at(30) })
	first := w.token(w.directory, func(k *provisioning.DirectoryToken) { k.ID = early(k.ID) })
	equal(w.t, "tokens", w.listTokens(w.directory), []provisioning.DirectoryToken{first, revoked, expired})
}

func tokenRevoke(w *world) {
	first, second, third := w.token(w.directory), w.token(w.directory), w.token(w.directory)
	foreign := w.token(w.secondDirectory("Other"))
	equal(w.t, "revoked", w.revoke(w.directory, []provisioning.TokenID{first.ID}), []provisioning.TokenID{first.ID})
	got := w.revoke(w.directory, []provisioning.TokenID{first.ID, second.ID, foreign.ID, newID[provisioning.TokenID]()})
	equal(w.t, "revoked", got, []provisioning.TokenID{second.ID})
	first.RevokedAt, second.RevokedAt = at(50), at(50)
	equal(w.t, "tokens", w.listTokens(w.directory), []provisioning.DirectoryToken{first, second, third})
}

func tokenRevokeAll(w *world) {
	first := w.token(w.directory, func(k *provisioning.DirectoryToken) { k.RevokedAt = at(40) })
	second, third := w.token(w.directory), w.token(w.directory)
	other := w.secondDirectory("Other")
	foreign := w.token(other)
	sameSet(w.t, "revoked", w.revoke(w.directory, nil), []provisioning.TokenID{second.ID, third.ID})
	second.RevokedAt, third.RevokedAt = at(50), at(50)
	equal(w.t, "tokens", w.listTokens(w.directory), []provisioning.DirectoryToken{first, second, third})
	equal(w.t, "tokens of the other", w.listTokens(other), []provisioning.DirectoryToken{foreign})
}

func tokenRevokeNone(w *world) {
	token := w.token(w.directory)
	equal(w.t, "revoked", w.revoke(w.directory, []provisioning.TokenID{}), nil)
	equal(w.t, "tokens", w.listTokens(w.directory), []provisioning.DirectoryToken{token})
}

func tokenTouch(w *world) {
	want := w.token(w.directory)
	w.do(func(ctx context.Context, tx *provisioning.Tx) error {
		return tx.Tokens.Touch(ctx, w.workspace.ID, want.ID, at(60))
	})
	want.LastUsedAt = at(60)
	got, err := w.findToken(want.ID)
	wantOK(w.t, err)
	equal(w.t, "token", got.token, want)
}
