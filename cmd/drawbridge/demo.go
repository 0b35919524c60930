package main

import (
	"context"
	"log/slog"

	"drawbridge/internal/app"
)

type demoCommand struct {
	SimulatorListen string `default:"127.0.0.1:0" placeholder:"ADDRESS" help:"Address and port of the simulated Okta; by default a free port of the loopback."`
}

func (d demoCommand) Run(ctx context.Context, sh *shell) error {
	c, err := sh.load()
	if err != nil {
		return err
	}
	level := c.LogLevel
	if level == slog.LevelInfo {
		level = slog.LevelWarn // a line for each request would bury what to try
	}
	return app.Demo(ctx, c, sh.out, app.DemoOptions{SimulatorListen: d.SimulatorListen, Log: sh.logger(c, level)})
}
