package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

type invitationCreate struct {
	inWorkspace
	Email        []string `sep:"none" placeholder:"EMAIL" help:"Addresses, separated by commas, bare or as Name <address>; may be repeated."`
	File         string   `placeholder:"FILE" help:"File with addresses, separated by lines, commas or semicolons; - reads standard input."`
	To           []place  `required:"" sep:"none" placeholder:"COMMUNITY=ROLE" help:"Role in a community, each by id, slug or name; may be repeated."`
	PasswordLink bool     `help:"Send a link for setting a password also to people who get access at once."`
}

// Validate is asked by the parser.
func (c invitationCreate) Validate() error {
	if len(c.Email) == 0 && c.File == "" {
		return errors.New("nobody to invite: give --email or --file")
	}
	return nil
}

func (c invitationCreate) Run(ctx context.Context, sh *shell) error {
	addresses, err := c.addresses(sh)
	if err != nil {
		return err
	}
	return sh.withWorkspace(ctx, c.Workspace, func(core *app.Core, w provisioning.Workspace) error {
		roles, err := findPlaces(ctx, core.Service, w.ID, c.To)
		if err != nil {
			return err
		}
		known, err := readNames(ctx, core.Service, w.ID)
		if err != nil {
			return err
		}
		request := provisioning.InviteRequest{Roles: roles, PasswordLink: c.PasswordLink}
		results, err := core.Service.InviteAll(ctx, operator, w.ID, request, addresses, sh.inviteProgress(len(addresses)))
		return sh.showInvited(viewInvited(core.Config.PublicURL, known, results), err)
	})
}

// maxAddressFile bounds a file with addresses, in bytes, beyond what the Service
// takes: it says which list is too long.
const maxAddressFile = 1 << 20

// addresses reads what was typed and what stands in the file.
func (c invitationCreate) addresses(sh *shell) ([]provisioning.Address, error) {
	text := strings.Join(c.Email, "\n")
	if c.File != "" {
		listed, err := readAddresses(sh, c.File)
		if err != nil {
			return nil, err
		}
		text += "\n" + listed
	}
	return provisioning.ParseAddresses(text)
}

func readAddresses(sh *shell, path string) (string, error) {
	from := sh.in
	if path != "-" {
		f, err := os.Open(path) //nolint:gosec // the operator names the file
		if err != nil {
			return "", usage("the file with addresses cannot be read: %s", err)
		}
		defer f.Close()
		from = f
	}
	data, err := io.ReadAll(io.LimitReader(from, maxAddressFile+1))
	return string(data), err
}

// invitedView is what became of one address.
type invitedView struct {
	Email  string                     `json:"email"`
	Result provisioning.InviteOutcome `json:"result"`
	Reason string                     `json:"reason"`
	Given  []string                   `json:"given"`
	URL    string                     `json:"url,omitempty"` // where no mail goes out
}

func viewInvited(public *url.URL, known names, results []provisioning.InviteResult) []invitedView {
	return collect(results, func(r provisioning.InviteResult) invitedView {
		v := invitedView{Email: r.Email, Result: r.Outcome, Reason: r.Reason, Given: placesText(known, r.Given)}
		if r.Link != "" {
			v.URL = invitationURL(public, r.Link)
		}
		return v
	})
}

// showInvited shows every result, those that came before a failure too.
func (sh *shell) showInvited(views []invitedView, failure error) error {
	if failure != nil && len(views) == 0 {
		return failure
	}
	text := table([]string{"E-MAIL", "RESULT", ""}, collect(views, func(v invitedView) []string {
		return []string{v.Email, string(v.Result), v.remark()}
	}))
	if err := sh.show(views, text); err != nil || failure != nil {
		return errors.Join(err, failure)
	}
	refused := 0
	for _, v := range views {
		if v.Result == provisioning.InviteRefused {
			refused++
		}
	}
	if refused > 0 {
		return fmt.Errorf("%d of %d addresses refused: each says why", refused, len(views))
	}
	return nil
}

// remark is what stands beside an address: why it was refused, what a member got,
// or the link.
func (v invitedView) remark() string {
	switch {
	case v.Reason != "":
		return v.Reason
	case v.URL != "":
		return v.URL
	case v.Result == provisioning.InviteMember && len(v.Given) == 0:
		return "has all of it already"
	case v.Result == provisioning.InviteMember:
		return "now also " + strings.Join(v.Given, ", ")
	}
	return ""
}

// progressFrom is from how many addresses on somebody at a terminal is told how
// far it got.
const progressFrom = 21

// inviteProgress tells who sits at a terminal how far it got, and nobody else.
func (sh *shell) inviteProgress(total int) func(int, provisioning.InviteResult) {
	if total < progressFrom || !isTerminal(sh.errs) {
		return nil
	}
	return func(done int, _ provisioning.InviteResult) { _, _ = io.WriteString(sh.errs, progressText(done, total)) }
}

// progressText replaces the line that it wrote before.
func progressText(done, total int) string {
	end := ""
	if done == total {
		end = "\n"
	}
	return fmt.Sprintf("\r%d of %d addresses%s", done, total, end)
}
