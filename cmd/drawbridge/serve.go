package main

import (
	"context"

	"drawbridge/internal/app"
)

type serveCommand struct{}

func (serveCommand) Run(ctx context.Context, sh *shell) error {
	c, err := sh.load()
	if err != nil {
		return err
	}
	return app.Serve(ctx, c, sh.logger(c, c.LogLevel), sh.errs)
}
