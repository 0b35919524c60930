package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"drawbridge/config"
	"drawbridge/internal/console"
	"drawbridge/internal/jobs"
	"drawbridge/internal/sqlstore"
	"drawbridge/internal/web"
	"drawbridge/oidc"
	"drawbridge/scim"
)

// App is a bridge that serves.
type App struct {
	*Core
	server    *web.Server
	scheduler *jobs.Scheduler
	unlisten  func()
}

// Options are what New needs beside the configuration.
type Options struct {
	// Listener to serve on; nil listens on the configured address.
	Listener net.Listener
	// FormTargets are plain-http origins to which the sign-in form may lead: the
	// provider of a demo or of a test on loopback.
	FormTargets []string
}

// New opens the database, brings its schema up to date and puts the faces
// together. Nothing is served before Run. On error nothing stays open.
func New(ctx context.Context, c config.Config, log *slog.Logger, o Options) (app *App, err error) {
	if o.Listener == nil {
		if o.Listener, err = web.Listen(ctx, c.Listen); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			_ = o.Listener.Close()
		}
	}()
	core, err := Open(ctx, c, log, sqlstore.MigrateUp)
	if err != nil {
		return nil, err
	}
	app = &App{Core: core}
	handler, err := app.handler(o)
	if err != nil {
		return nil, errors.Join(err, core.Close())
	}
	app.server = web.NewServer(o.Listener, handler, log)
	app.scheduler = jobs.NewScheduler(core.Service, replicaName(), log, app.jobs()...)
	app.unlisten = core.notifier.listen(core.Service, app.scheduler.Wake)
	return app, nil
}

// Addr is the address that is served on, with the port that was really taken.
func (a *App) Addr() net.Addr { return a.server.Addr() }

// Run serves until ctx ends and then stops gracefully: requests finish, at
// most 20 s. It closes the Core.
func (a *App) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var working sync.WaitGroup
	working.Go(func() { a.scheduler.Run(ctx) })
	a.log.InfoContext(ctx, "serving", "listen", a.Addr().String(), "public_url", a.Config.PublicURL.String())
	err := a.server.Run(ctx)
	stop()
	working.Wait()
	a.unlisten()
	return errors.Join(err, a.Close())
}

// Serve runs a bridge until ctx ends.
func Serve(ctx context.Context, c config.Config, log *slog.Logger) error {
	app, err := New(ctx, c, log, Options{})
	if err != nil {
		return err
	}
	return app.Run(ctx)
}

// handler puts the faces on one mux.
func (a *App) handler(o Options) (http.Handler, error) {
	catalogue, err := web.NewCatalogue(web.Texts{}, console.Texts(), oidc.Texts())
	if err != nil {
		return nil, err
	}
	public := a.Config.PublicURL
	pages, err := web.NewPages(public, catalogue, console.FS())
	if err != nil {
		return nil, err
	}
	mux, err := web.NewMux(public, pages.Answer)
	if err != nil {
		return nil, err
	}
	pages.Register(mux.People())
	mux.People().Get("/healthz", web.Healthz)
	mux.People().Get("/readyz", web.Readyz(a.checks()...))
	if err := a.registerFaces(mux, pages, o); err != nil {
		return nil, err
	}
	return web.Frame{Log: a.log, Public: public, Proxies: a.Config.TrustedProxies}.Wrap(mux), nil
}

func (a *App) registerFaces(mux *web.Mux, pages *web.Pages, o Options) error {
	public := a.Config.PublicURL
	cookies := web.NewCookies(public, a.Config.CookieDomain)
	people, err := console.New(console.Options{
		Service: a.Service, Pages: pages, Cookies: cookies, Public: public, FormTargets: o.FormTargets, Now: time.Now,
	})
	if err != nil {
		return err
	}
	people.Register(mux)
	signIn, err := oidc.New(oidc.Options{
		Service: a.Service, Providers: a.providers, Pages: pages, Cookies: cookies, Public: public, HTTP: a.http,
		Limiter: a.Ephemeral, Log: a.log,
	})
	if err != nil {
		return err
	}
	signIn.Register(mux)
	directories, err := scim.New(scim.Options{
		Service: a.Service, Limiter: a.Ephemeral, Rate: a.Config.SCIMRate, PublicURL: public, Log: a.log,
	})
	if err != nil {
		return err
	}
	mux.Mount(web.Face{Prefix: scim.Prefix, Answer: scim.Answer}, directories)
	return nil
}

func (a *App) checks() []web.Check {
	return []web.Check{
		{Name: "database", Decides: true, Probe: func(ctx context.Context) error { _, err := a.Store.Schema(ctx); return err }},
		{Name: "migrations", Decides: true, Probe: a.schemaIsCurrent},
		{Name: "redis", Probe: a.Ephemeral.Health},
	}
}

func (a *App) schemaIsCurrent(ctx context.Context) error {
	status, err := a.Store.Schema(ctx)
	if err == nil && status.Current != status.Latest {
		return errors.New("the schema is not the one of this binary")
	}
	return err
}

// Names of the periodic jobs.
const (
	jobSeal  = "seal-audit"
	jobPurge = "purge-expired"
)

func (a *App) jobs() []jobs.Job {
	return []jobs.Job{
		{Name: jobSeal, Every: 10 * time.Second, Run: a.sealAll},
		{Name: jobPurge, Every: 10 * time.Minute, Run: a.Service.PurgeExpired},
	}
}

func (a *App) sealAll(ctx context.Context) error {
	all, err := a.Service.Workspaces(ctx)
	if err != nil {
		return err
	}
	for _, w := range all {
		if _, err := a.Service.SealAudit(ctx, w.ID); err != nil {
			return err
		}
	}
	return nil
}

func replicaName() string {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("app: no randomness: " + err.Error())
	}
	return hex.EncodeToString(b[:])
}
