package main

import (
	"context"
	"fmt"
	"time"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type tokenCommand struct {
	Create tokenCreate `cmd:"" help:"Make a bearer token, which is shown once."`
	List   tokenList   `cmd:"" help:"List the tokens of a directory, ended ones too."`
	Revoke tokenRevoke `cmd:"" help:"End a token at once."`
}

// ofDirectory is the flag of commands about the tokens of one directory.
type ofDirectory struct {
	maybeWorkspace
	Directory string `required:"" placeholder:"DIRECTORY" help:"Directory: its id or name."`
}

func (c ofDirectory) find(ctx context.Context, s *provisioning.Service) (provisioning.Directory, error) {
	return findAnywhere(ctx, s, c.Workspace, "directory", c.Directory, s.FindDirectory)
}

type tokenCreate struct {
	ofDirectory
	Name    string   `help:"What the token is for."`
	Expires lifetime `default:"365d" help:"How long it is good, such as 90d or 12h."`
}

type createdToken struct {
	ID        provisioning.TokenID `json:"id"`
	Token     string               `json:"token"`
	BaseURL   string               `json:"base_url"`
	ExpiresAt time.Time            `json:"expires_at"`
}

func (c tokenCreate) Run(ctx context.Context, sh *shell) error {
	return sh.withCore(ctx, func(core *app.Core) error {
		d, err := c.find(ctx, core.Service)
		if err != nil {
			return err
		}
		t, text, err := core.Service.CreateToken(ctx, operator, d.Workspace, d.ID, c.Name, time.Duration(c.Expires))
		if err != nil {
			return err
		}
		view := createdToken{t.ID, text, scimURL(core.Config.PublicURL), stamp(t.ExpiresAt)}
		return sh.show(view, facts("base URL", view.BaseURL, "token", text, "expires", when(t.ExpiresAt), "id", string(t.ID))+
			"\nThe token is shown this once.\n")
	})
}

type tokenView struct {
	ID         provisioning.TokenID     `json:"id"`
	Directory  provisioning.DirectoryID `json:"directory"`
	Name       string                   `json:"name"`
	LastFour   string                   `json:"last_four"`
	Status     string                   `json:"status"`
	CreatedAt  time.Time                `json:"created_at"`
	ExpiresAt  time.Time                `json:"expires_at"`
	RevokedAt  time.Time                `json:"revoked_at,omitzero"`
	LastUsedAt time.Time                `json:"last_used_at,omitzero"`
}

func viewToken(t provisioning.DirectoryToken) tokenView {
	status := "live"
	switch {
	case !t.RevokedAt.IsZero():
		status = "revoked"
	case !t.Live(time.Now()):
		status = "expired"
	}
	return tokenView{t.ID, t.Directory, t.Name, t.LastFour, status, stamp(t.CreatedAt), stamp(t.ExpiresAt), stamp(t.RevokedAt), stamp(t.LastUsedAt)}
}

type tokenList struct{ ofDirectory }

func (c tokenList) Run(ctx context.Context, sh *shell) error {
	return sh.withCore(ctx, func(core *app.Core) error {
		d, err := c.find(ctx, core.Service)
		if err != nil {
			return err
		}
		all, err := core.Service.Tokens(ctx, d.Workspace, d.ID)
		if err != nil {
			return err
		}
		views := collect(all, viewToken)
		return sh.show(views, table([]string{"NAME", "ENDS WITH", "STATUS", "EXPIRES", "LAST USED", "ID"},
			collect(views, func(t tokenView) []string {
				return []string{t.Name, t.LastFour, t.Status, when(t.ExpiresAt), when(t.LastUsedAt), string(t.ID)}
			})))
	})
}

type tokenRevoke struct {
	destructive
	ID provisioning.TokenID `arg:"" help:"Id of the token."`
}

func (c tokenRevoke) Run(ctx context.Context, sh *shell) error {
	if err := sh.consent(c.Yes, fmt.Sprintf("Revoking token %s stops at once whatever pushes with it.", c.ID)); err != nil {
		return err
	}
	return sh.withCore(ctx, func(core *app.Core) error {
		if err := core.Service.RevokeToken(ctx, operator, c.ID); err != nil {
			return err
		}
		return sh.show(ended{string(c.ID), "revoked"}, fmt.Sprintf("token %s revoked\n", c.ID))
	})
}

// lifetime is a length of time as people type it.
type lifetime time.Duration

// UnmarshalText reads what provisioning.ParseDuration reads.
func (l *lifetime) UnmarshalText(text []byte) error {
	d, err := provisioning.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no length of time: write 90d or 12h", text)
	}
	*l = lifetime(d)
	return nil
}
