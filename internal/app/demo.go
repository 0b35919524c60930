package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"drawbridge/config"
	"drawbridge/internal/oktasim"
	"drawbridge/internal/web"
)

// DemoOptions say how a demo is run.
type DemoOptions struct {
	// SimulatorListen is where the simulated Okta organisation listens.
	SimulatorListen string
	Log             *slog.Logger
}

// Demo runs a bridge on fresh temporary data with a sample workspace, beside a
// simulated Okta organisation that pushes into it, until ctx ends. It tells
// out the addresses and what to try.
func Demo(ctx context.Context, c config.Config, out io.Writer, o DemoOptions) (err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	dir, err := os.MkdirTemp("", "drawbridge-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c.DataDir, c.DatabaseURL, c.AllowPrivateIssuers = dir, "", true
	c.DatabaseURL = "sqlite:" + filepath.Join(dir, "drawbridge.db")

	simulator, err := web.Listen(ctx, o.SimulatorListen)
	if err != nil {
		return fmt.Errorf("the simulated Okta, whose address is given with --simulator-listen: %w", err)
	}
	client := SampleClient{ID: "drawbridge-demo", Secret: rand.Text()}
	org, err := NewSampleOkta("http://"+simulator.Addr().String(), client, oktasim.Catalog)
	if err != nil {
		return errors.Join(err, simulator.Close())
	}
	app, err := New(ctx, c, o.Log, Options{FormTargets: []string{org.Issuer()}})
	if err != nil {
		return errors.Join(err, simulator.Close())
	}
	stopped := make(chan error, 2)
	go func() { stopped <- app.Run(ctx) }()
	go func() { stopped <- serveSimulator(ctx, simulator, org.Handler(), o.Log) }()

	_, failed := BuildSample(ctx, app.Core, org, client)
	if failed == nil {
		failed = describeDemo(out, app, org)
	}
	if failed != nil {
		stop()
	}
	first := <-stopped
	stop()
	return errors.Join(failed, first, <-stopped)
}

func serveSimulator(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	return web.NewServer(l, h, log).Run(ctx)
}

func describeDemo(out io.Writer, app *App, org *oktasim.Organisation) error {
	public := app.Config.PublicURL.String()
	var b strings.Builder
	fmt.Fprintf(&b, "\nDrawbridge runs with a sample workspace, Acme, and a simulated Okta organisation.\n\n")
	fmt.Fprintf(&b, "  Drawbridge        %s\n  Simulated Okta    %s/admin\n\n", public, org.Issuer())
	pushed, fresh := sortPeople(org.People())
	fmt.Fprintf(&b, "Okta pushed %d people and %d groups. Analysts are Analyst in SOC Paris, Lyon is Analyst in SOC Lyon:\n", len(pushed), len(org.Groups()))
	for _, p := range pushed {
		fmt.Fprintf(&b, "  %-34s %s\n", p.Login, strings.Join(groupsOf(org, p), ", "))
	}
	fmt.Fprintf(&b, "Not pushed yet: %s\n\nTry this:\n", strings.Join(fresh, ", "))
	first := example(org, pushed)
	fmt.Fprintf(&b, "  1. Open %s/login, enter %s, choose that person at Okta: see the roles that the groups give, and why.\n", public, first)
	fmt.Fprintf(&b, "  2. Sign out, sign in as %s: created just in time, Guest in SOC Lyon by default.\n", fresh[0])
	fmt.Fprintf(&b, "  3. Deactivate one of them at %s/admin, reload their page: the session is gone.\n\nCtrl-C stops everything and deletes the data.\n", org.Issuer())
	_, err := io.WriteString(out, b.String())
	return err
}

// sortPeople tells who was pushed from who was not.
func sortPeople(people []oktasim.Person) (pushed []oktasim.Person, fresh []string) {
	for _, p := range people {
		if p.Assigned {
			pushed = append(pushed, p)
		} else {
			fresh = append(fresh, p.Login)
		}
	}
	return pushed, fresh
}

func groupsOf(org *oktasim.Organisation, p oktasim.Person) []string {
	var names []string
	for _, g := range org.Groups() {
		if slices.Contains(g.Members, p.ID) {
			names = append(names, g.Name)
		}
	}
	return names
}

// example is the login of somebody whom a mapping gives a role.
func example(org *oktasim.Organisation, pushed []oktasim.Person) string {
	for _, p := range pushed {
		if slices.Contains(groupsOf(org, p), "Analysts") {
			return p.Login
		}
	}
	return pushed[0].Login
}
