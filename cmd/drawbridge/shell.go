package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"drawbridge/config"
	"drawbridge/internal/app"
	"drawbridge/provisioning"
)

// shell is what a command runs in.
type shell struct {
	sources config.Sources
	json    bool
	in      *os.File
	out     io.Writer
	errs    *os.File
}

// operator is whom the commands act for: the person at the server.
var operator = provisioning.Operator()

// load reads the settings. A fault in them is wrong usage: they may all come
// from the command line.
func (sh *shell) load() (config.Config, error) {
	c, err := config.Load(sh.sources)
	if err != nil {
		return c, &usageError{err.Error()}
	}
	return c, nil
}

// logger writes what is at least as grave as level to standard error.
func (sh *shell) logger(c config.Config, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "text" || c.LogFormat == "" && isTerminal(sh.errs) {
		return slog.New(slog.NewTextHandler(sh.errs, options))
	}
	return slog.New(slog.NewJSONHandler(sh.errs, options))
}

// withCore runs fn on the database, which a server may be using. An empty
// database is made ready; one with an older schema is refused.
func (sh *shell) withCore(ctx context.Context, fn func(*app.Core) error) error {
	return sh.withCoreAt(ctx, app.MigrateEmpty, fn)
}

func (sh *shell) withCoreAt(ctx context.Context, mode app.MigrateMode, fn func(*app.Core) error) (err error) {
	c, err := sh.load()
	if err != nil {
		return err
	}
	core, err := app.Open(ctx, c, sh.logger(c, max(c.LogLevel, slog.LevelWarn)), mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, core.Close()) }()
	return fn(core)
}

// consent asks before something is lost. Where nobody can be asked, --yes is the
// consent.
func (sh *shell) consent(yes bool, consequence string) error {
	if yes {
		return nil
	}
	if !isTerminal(sh.in) {
		return usage("%s Add --yes to do so.", consequence)
	}
	if _, err := fmt.Fprintf(sh.errs, "%s Go on? [y/N] ", consequence); err != nil {
		return err
	}
	answer, err := bufio.NewReader(sh.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was changed")
}

// destructive is the flag of commands that ask for consent.
type destructive struct {
	Yes bool `help:"Do not ask."`
}

// isTerminal reports whether somebody sits at f. The null device is a character
// device, too.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&fs.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
