package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type mailCommand struct {
	List  mailList  `cmd:"" help:"List the mails that went out, wait, or could not be sent, newest first."`
	Retry mailRetry `cmd:"" help:"Send a mail again that could not be sent."`
}

// mailView is a mail without what it says. One about an account as a whole
// belongs to no workspace.
type mailView struct {
	ID        provisioning.DeliveryID    `json:"id"`
	Workspace string                     `json:"workspace"`
	Kind      provisioning.MailKind      `json:"kind"`
	To        string                     `json:"to"`
	Status    provisioning.DeliveryState `json:"status"`
	Attempts  int                        `json:"attempts"`
	Error     string                     `json:"error"`
	CreatedAt time.Time                  `json:"created_at"`
	NextAt    time.Time                  `json:"next_at,omitzero"`
	ExpiresAt time.Time                  `json:"expires_at"`
	SettledAt time.Time                  `json:"settled_at,omitzero"`
}

func viewMail(workspace string, p provisioning.Posted) mailView {
	v := mailView{
		ID: p.ID, Workspace: workspace, Kind: p.Kind, To: p.To, Status: p.State, Attempts: p.Attempts, Error: p.Error,
		CreatedAt: stamp(p.CreatedAt), ExpiresAt: stamp(p.ExpiresAt), SettledAt: stamp(p.SettledAt),
	}
	if p.State == provisioning.DeliveryWaiting {
		v.NextAt = stamp(p.NextAt)
	}
	return v
}

type mailList struct {
	Workspace string                     `placeholder:"WORKSPACE" help:"Only mails of this workspace: its id, slug or name."`
	Status    provisioning.DeliveryState `enum:"waiting,sent,dead,dropped,expired,any" default:"any" help:"Only mails that stand so: waiting, sent, dead (could not be sent), dropped (the link was cancelled first), expired, or any."`
}

func (c mailList) Run(ctx context.Context, sh *shell) error {
	return sh.withCore(ctx, func(core *app.Core) error {
		of, err := mailboxes(ctx, core.Service, c.Workspace)
		if err != nil {
			return err
		}
		views := []mailView{}
		for _, w := range of {
			all, err := allMails(ctx, core.Service, w.ID, c.Status)
			if err != nil {
				return err
			}
			views = append(views, collect(all, func(p provisioning.Posted) mailView { return viewMail(w.Slug, p) })...)
		}
		return sh.show(views, table([]string{"TO", "MAIL", "WORKSPACE", "STATUS", "ATTEMPTS", "SINCE", "ERROR", "ID"},
			collect(views, func(v mailView) []string {
				return []string{v.To, string(v.Kind), v.Workspace, string(v.Status), strconv.Itoa(v.Attempts), when(v.CreatedAt), v.Error, string(v.ID)}
			})))
	})
}

// mailboxes are the workspaces whose mails are meant; without a name, all of them
// and the one without an id, in which the mails about accounts are.
func mailboxes(ctx context.Context, s *provisioning.Service, ref string) ([]provisioning.Workspace, error) {
	found, err := workspacesMeant(ctx, s, ref)
	if ref == "" {
		found = append(found, provisioning.Workspace{})
	}
	return found, err
}

func allMails(ctx context.Context, s *provisioning.Service, ws provisioning.WorkspaceID, state provisioning.DeliveryState) ([]provisioning.Posted, error) {
	query := provisioning.DeliveryQuery{State: state, Limit: pageSize}
	if state == "any" {
		query.State = ""
	}
	var all []provisioning.Posted
	for {
		page, err := s.Mails(ctx, operator, ws, query)
		if err != nil || len(page) == 0 {
			return all, err
		}
		all = append(all, page...)
		query.Before = page[len(page)-1].ID
	}
}

type mailRetry struct {
	maybeWorkspace
	ID provisioning.DeliveryID `arg:"" help:"Id of the mail."`
}

func (c mailRetry) Run(ctx context.Context, sh *shell) error {
	return sh.withCore(ctx, func(core *app.Core) error {
		ws, err := c.find(ctx, core.Service)
		if err != nil {
			return err
		}
		if err := core.Service.RetryMail(ctx, operator, ws, c.ID); err != nil {
			return err
		}
		return sh.show(ended{string(c.ID), "waiting"}, fmt.Sprintf("mail %s waits to be sent again\n", c.ID))
	})
}

// find returns the workspace of the mail, "" for one about an account.
func (c mailRetry) find(ctx context.Context, s *provisioning.Service) (provisioning.WorkspaceID, error) {
	in, err := mailboxes(ctx, s, c.Workspace)
	if err != nil {
		return "", err
	}
	return whereItIs(in, "mail", string(c.ID), func(ws provisioning.WorkspaceID) (bool, error) {
		found, err := s.Mails(ctx, operator, ws, provisioning.DeliveryQuery{Before: justAbove(c.ID), Limit: 1})
		return len(found) == 1 && found[0].ID == c.ID, err
	})
}
