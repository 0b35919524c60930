package chromium

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"drawbridge/internal/testenv"
)

// patience is how long anything that a page is asked for may take. An idle machine takes milliseconds.
const patience = 30 * time.Second

// shared is the browser of this process; ctx is nil until a test asked for it.
var shared struct {
	sync.Mutex
	ctx  context.Context
	stop context.CancelFunc
}

// options keep the browser from everything that it would do by itself, and from every host but this one.
func options(program string) []chromedp.ExecAllocatorOption {
	flags := map[string]any{
		"host-resolver-rules":        "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
		"no-proxy-server":            true,
		"no-pings":                   true,
		"disable-component-update":   true,
		"disable-domain-reliability": true,
		"disable-field-trial-config": true,
		"disable-gpu":                true,
		"font-render-hinting":        "none",
		// Going back shows what the server says now, which is what the pages ask for by no-store.
		"disable-features": "BackForwardCache,MediaRouter,OptimizationHints,Translate,AutofillServerCommunication," +
			"CertificateTransparencyComponentUpdater,PasswordLeakDetection",
	}
	chosen := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program))
	for name, value := range flags {
		chosen = append(chosen, chromedp.Flag(name, value))
	}
	return chosen
}

// browser returns the context of the running browser, which it starts for the first test that asks.
func browser(t testing.TB) context.Context {
	t.Helper()
	program := testenv.Chromium(t)
	shared.Lock()
	defer shared.Unlock()
	if shared.ctx == nil {
		ctx, stop, err := start(program)
		if err != nil {
			t.Fatalf("starting Chromium: %v", err)
		}
		shared.ctx, shared.stop = ctx, stop
	}
	return shared.ctx
}

// start runs a browser until stop is called, which returns when its processes and its profile are gone.
func start(program string) (ctx context.Context, stop context.CancelFunc, err error) {
	allocator, release := chromedp.NewExecAllocator(context.Background(), options(program)...)
	ctx, kill := chromedp.NewContext(allocator)
	late := time.AfterFunc(patience, kill)
	defer late.Stop()
	if err := chromedp.Do(ctx); err != nil {
		release()
		return nil, nil, err
	}
	return ctx, func() { end(ctx); release() }, nil
}

// end asks the browser to end, since one that is killed leaves files behind, and kills it if it does not.
func end(ctx context.Context) {
	polite, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_ = chromedp.Cancel(polite) // whether it obeyed or was killed, it has ended
}

// Stop ends the browser if a test started one, and returns when nothing of it is left. TestMain calls it last.
func Stop() {
	shared.Lock()
	defer shared.Unlock()
	if shared.ctx == nil {
		return
	}
	shared.stop()
	shared.ctx, shared.stop = nil, nil
}

// until calls check every few milliseconds until it returns "", and else returns what it said last.
func until(ctx context.Context, check func(context.Context) (string, error)) error {
	ticker := time.NewTicker(15 * time.Millisecond)
	defer ticker.Stop()
	last := ""
	for {
		problem, err := check(ctx)
		if err == nil && problem == "" {
			return nil
		}
		last = cmp.Or(problem, last)
		select {
		case <-ctx.Done():
			return errors.Join(describe(last), err)
		case <-ticker.C:
		}
	}
}

func describe(problem string) error {
	if problem == "" {
		return context.DeadlineExceeded
	}
	return errors.New(problem)
}
