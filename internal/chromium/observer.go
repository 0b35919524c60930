package chromium

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// observer sees every event of a page: which document stands there, and what the console complains about.
type observer struct {
	mu       sync.Mutex
	loaded   cdp.LoaderID
	changed  chan struct{} // closed when loaded changes
	requests map[network.RequestID]bool
	status   int64
	faults   []string
	allowed  []string
}

func newObserver() *observer {
	return &observer{changed: make(chan struct{}), requests: map[network.RequestID]bool{}}
}

// see takes one event. It runs where the browser's messages are read and must not wait.
func (o *observer) see(event any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch e := event.(type) {
	case *page.EventLifecycleEvent:
		o.seeLoaded(e)
	case *network.EventRequestWillBeSent:
		if e.Type == network.ResourceTypeDocument {
			o.requests[e.RequestID] = true
		}
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument {
			o.status = e.Response.Status
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			o.fault("console", textOf(e.Args))
		}
	case *runtime.EventExceptionThrown:
		o.fault("exception", exceptionText(e.ExceptionDetails))
	case *log.EventEntryAdded:
		o.seeEntry(e.Entry)
	}
}

func (o *observer) seeLoaded(e *page.EventLifecycleEvent) {
	if e.Name != "load" {
		return
	}
	o.loaded = e.LoaderID
	close(o.changed)
	o.changed = make(chan struct{})
}

// seeEntry leaves out that a document was answered with a status such as 410: the test says which it wants.
func (o *observer) seeEntry(e *log.Entry) {
	if e.Level != log.EntryLevelError || o.requests[e.NetworkRequestID] {
		return
	}
	o.fault(string(e.Source), strings.TrimSpace(e.Text+" "+e.URL))
}

func (o *observer) fault(source, text string) {
	o.faults = append(o.faults, fmt.Sprintf("the browser's %s complains: %s", source, text))
}

// take returns what was complained about and was not allowed, and forgets it.
func (o *observer) take() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	taken := slices.DeleteFunc(o.faults, func(fault string) bool {
		return slices.ContainsFunc(o.allowed, func(words string) bool { return strings.Contains(fault, words) })
	})
	o.faults = nil
	return taken
}

// Allow lets the console complain in these words: a test that provokes something says so.
func (p *Page) Allow(words string) {
	p.observer.mu.Lock()
	defer p.observer.mu.Unlock()
	p.observer.allowed = append(p.observer.allowed, words)
}

// Status is the HTTP status of the present document.
func (p *Page) Status() int {
	p.observer.mu.Lock()
	defer p.observer.mu.Unlock()
	return int(p.observer.status)
}

// document is the document that has loaded last.
func (o *observer) document() cdp.LoaderID {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.loaded
}

func (o *observer) waitForAnother(ctx context.Context, before cdp.LoaderID) error {
	for {
		o.mu.Lock()
		loaded, changed := o.loaded, o.changed
		o.mu.Unlock()
		if loaded != before {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("no other page came of it: %w", ctx.Err())
		}
	}
}

func exceptionText(d *runtime.ExceptionDetails) string {
	if d.Exception != nil && d.Exception.Description != "" {
		return d.Exception.Description
	}
	return d.Text
}

func textOf(args []*runtime.RemoteObject) string {
	var words []string
	for _, arg := range args {
		var text string
		if json.Unmarshal(arg.Value, &text) != nil {
			text = string(arg.Value) + arg.Description
		}
		words = append(words, text)
	}
	return strings.Join(words, " ")
}
