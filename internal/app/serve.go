package app

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"drawbridge/config"
	"drawbridge/internal/authenticator"
	"drawbridge/internal/console"
	"drawbridge/internal/delivery"
	"drawbridge/internal/jobs"
	"drawbridge/internal/sqlstore"
	"drawbridge/internal/web"
	"drawbridge/oidc"
	"drawbridge/provisioning"
	"drawbridge/scim"
)

// App is a bridge that serves.
type App struct {
	*Core
	server    *web.Server
	scheduler *jobs.Scheduler
	courier   *delivery.Worker // nil where no mail goes out
	unlisten  func()
	routes    []web.Route
}

// Options are what New needs beside the configuration.
type Options struct {
	// Listener to serve on; nil listens on the configured address.
	Listener net.Listener
	// FormTargets are plain-http origins to which the sign-in form may lead: the
	// provider of a demo or of a test on loopback.
	FormTargets []string
	// MailTLS has the roots by which the mail server's certificate is judged; nil
	// for the system's.
	MailTLS *tls.Config
	// Setup is told the set-up link where nothing is set up yet; nil for nobody.
	Setup io.Writer
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
	if err = app.assemble(o); err == nil && o.Setup != nil {
		err = app.tellSetup(ctx, o.Setup)
	}
	if err != nil {
		return nil, errors.Join(err, core.Close())
	}
	return app, nil
}

func (a *App) assemble(o Options) error {
	handler, err := a.handler(o)
	if err != nil {
		return err
	}
	if a.mailer, err = newMailer(a.Config, o.MailTLS); err != nil {
		return err
	}
	if a.courier, err = a.newCourier(); err != nil {
		return err
	}
	a.server = web.NewServer(o.Listener, handler, a.log)
	a.scheduler = jobs.NewScheduler(a.Service, replicaName(), a.log, a.jobs()...)
	a.unlisten = a.notifier.listen(a.Service, a.scheduler.Wake, a.posted)
	return nil
}

// posted has the outbox looked at.
func (a *App) posted() {
	if a.courier != nil {
		a.courier.Wake()
	}
}

// Addr is the address that is served on, with the port that was really taken.
func (a *App) Addr() net.Addr { return a.server.Addr() }

// Routes lists what is served.
func (a *App) Routes() []web.Route { return slices.Clone(a.routes) }

// Run serves until ctx ends and then stops gracefully: requests finish, at
// most 20 s. It closes the Core.
func (a *App) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var working sync.WaitGroup
	working.Go(func() { a.scheduler.Run(ctx) })
	if a.courier != nil {
		working.Go(func() { a.courier.Run(ctx) })
	}
	a.log.InfoContext(ctx, "serving", "listen", a.Addr().String(), "public_url", a.Config.PublicURL.String())
	err := a.server.Run(ctx)
	stop()
	working.Wait()
	a.unlisten()
	return errors.Join(err, a.Close())
}

// Serve runs a bridge until ctx ends. Of an empty installation it tells out the
// link by which it is set up.
func Serve(ctx context.Context, c config.Config, log *slog.Logger, out io.Writer) error {
	app, err := New(ctx, c, log, Options{Setup: out})
	if err != nil {
		return err
	}
	return app.Run(ctx)
}

// tellSetup tells a secret, which no log may keep.
func (a *App) tellSetup(ctx context.Context, out io.Writer) error {
	empty, err := a.Service.NeedsSetup(ctx)
	if err != nil || !empty {
		return err
	}
	text, ends, err := a.Service.SetupLink(ctx, provisioning.Operator())
	if errors.Is(err, provisioning.ErrConflict) { // somebody was quicker
		return nil
	}
	if err != nil {
		return err
	}
	link := a.Config.PublicURL.JoinPath("setup")
	link.RawQuery = url.Values{"token": {text}}.Encode()
	_, err = fmt.Fprintf(out, "Nothing is set up yet. Open this link, good once until %s: %s\n", ends.UTC().Format("2006-01-02 15:04 UTC"), link)
	return err
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
	a.routes = mux.Routes()
	return web.Frame{Log: a.log, Public: public, Proxies: a.Config.TrustedProxies}.Wrap(mux), nil
}

func (a *App) registerFaces(mux *web.Mux, pages *web.Pages, o Options) error {
	public := a.Config.PublicURL
	cookies := web.NewCookies(public, a.Config.CookieDomain)
	people, err := console.New(console.Options{
		Service: a.Service, Pages: pages, Cookies: cookies, Public: public, FormTargets: o.FormTargets, Now: time.Now,
		Passkeys: a.passkeys.Available(), MailOut: a.Config.MailOut(), QR: authenticator.QR,
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
	jobSeal       = "seal-audit"
	jobPurge      = "purge-expired"
	jobInactivity = "block-inactive"
)

func (a *App) jobs() []jobs.Job {
	return []jobs.Job{
		{Name: jobSeal, Every: 10 * time.Second, Run: a.sealAll},
		{Name: jobPurge, Every: 10 * time.Minute, Run: a.purge},
		{Name: jobInactivity, Every: time.Hour, Run: a.Service.BlockInactive},
	}
}

func (a *App) purge(ctx context.Context) error {
	return errors.Join(a.Service.PurgeExpired(ctx), a.Service.ExpireMails(ctx))
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
