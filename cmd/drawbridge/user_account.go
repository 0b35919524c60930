package main

import (
	"context"
	"fmt"
	"time"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type userSessions struct{ oneUser }

// sessionView is one browser in which a person is signed in.
type sessionView struct {
	ID         provisioning.SessionID `json:"id"`
	By         string                 `json:"by"`
	Address    string                 `json:"address"`
	UserAgent  string                 `json:"user_agent"`
	StartedAt  time.Time              `json:"started_at"`
	LastSeenAt time.Time              `json:"last_seen_at"`
	ExpiresAt  time.Time              `json:"expires_at"`
}

func viewSession(i provisioning.SessionInfo) sessionView {
	by := i.Connection
	if by == "" {
		by = string(i.Method)
	}
	s := i.Session
	return sessionView{s.ID, by, s.Address, s.UserAgent, stamp(s.CreatedAt), stamp(s.LastSeenAt), stamp(s.ExpiresAt)}
}

func (c userSessions) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, u provisioning.User) error {
		all, err := core.Service.UserSessions(ctx, operator, u.Workspace, u.ID)
		if err != nil {
			return err
		}
		views := collect(all, viewSession)
		return sh.show(views, table([]string{"STARTED", "LAST SEEN", "BY", "FROM", "BROWSER", "ID"},
			collect(views, func(v sessionView) []string {
				return []string{when(v.StartedAt), when(v.LastSeenAt), v.By, v.Address, v.UserAgent, string(v.ID)}
			})))
	})
}

type userEndSessions struct {
	oneUser
	Session provisioning.SessionID `help:"End this one alone: its id."`
}

// endedSessions is the answer of `user end-sessions`.
type endedSessions struct {
	ID    provisioning.UserID `json:"id"`
	Ended int                 `json:"ended"`
}

func (c userEndSessions) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, u provisioning.User) error {
		n, err := core.Service.EndUserSession(ctx, operator, u.Workspace, u.ID, c.Session)
		if err != nil {
			return err
		}
		return sh.show(endedSessions{u.ID, n}, fmt.Sprintf("%s: %s ended\n", printable(u.Name()), counted(n, "session", "sessions")))
	})
}

type userResetLink struct{ oneUser }

// personLink is a link for one person, shown once.
type personLink struct {
	User  provisioning.UserID `json:"user"`
	Email string              `json:"email"`
	shownLink
}

func (c userResetLink) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, u provisioning.User) error {
		text, expires, err := core.Service.ResetLink(ctx, operator, u.Workspace, u.ID)
		if err != nil {
			return err
		}
		link := shownLink{linkURL(core.Config.PublicURL, "reset", text), stamp(expires)}
		return sh.show(personLink{u.ID, u.Email, link},
			fmt.Sprintf("%s sets a new password with this link, good once until %s, shown once:\n%s\n", printable(u.Name()), when(link.ExpiresAt), link.URL))
	})
}

type userResetFactors struct{ oneUser }

// factorCode is the answer of `user reset-factors`.
type factorCode struct {
	User      provisioning.UserID `json:"user"`
	Code      string              `json:"code"`
	ExpiresAt time.Time           `json:"expires_at"`
}

func (c userResetFactors) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, u provisioning.User) error {
		code, expires, err := core.Service.ResetFactors(ctx, operator, u.Workspace, u.ID)
		if err != nil {
			return err
		}
		view := factorCode{u.ID, code, stamp(expires)}
		return sh.show(view, fmt.Sprintf("This code stands once, until %s, for the second factor of %s, who sets up a new one then. It is shown once:\n%s\n",
			when(view.ExpiresAt), printable(u.Name()), code))
	})
}

type userBreakGlass struct {
	oneUser
	On  bool `xor:"break-glass" required:"" help:"Let the administrator sign in with a password although the workspace requires SSO."`
	Off bool `xor:"break-glass" required:"" help:"Let them no longer."`
}

func (c userBreakGlass) Run(ctx context.Context, sh *shell) error {
	return c.with(ctx, sh, func(core *app.Core, u provisioning.User) error {
		if err := core.Service.SetBreakGlass(ctx, operator, u.Workspace, u.ID, c.On); err != nil {
			return err
		}
		return sh.showUserAgain(ctx, core, u)
	})
}
