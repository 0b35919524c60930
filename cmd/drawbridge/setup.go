package main

import (
	"context"
	"fmt"

	"drawbridge/internal/app"
)

type setupCommand struct {
	Link setupLink `cmd:"" help:"Make a new link for the first start. Earlier ones are dead then."`
}

type setupLink struct{}

func (setupLink) Run(ctx context.Context, sh *shell) error {
	return sh.withCore(ctx, func(core *app.Core) error {
		text, expires, err := core.Service.SetupLink(ctx, operator)
		if err != nil {
			return err
		}
		link := shownLink{linkURL(core.Config.PublicURL, "setup", text), stamp(expires)}
		return sh.show(link, fmt.Sprintf("Set the installation up with this link, good once until %s:\n%s\n", when(link.ExpiresAt), link.URL))
	})
}
