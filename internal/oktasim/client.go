package oktasim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// App is the kind of Okta application; the kinds differ in how they speak SCIM.
type App string

const (
	// Wizard is a custom application made with Okta's App Integration Wizard: it sends PUT for everything, groups whole.
	Wizard App = "wizard"
	// Catalog is an application of Okta's catalogue: PUT for profiles, PATCH for activation and for groups.
	Catalog App = "catalog"
)

const (
	requestLimit  = 60 * time.Second // Okta closes the connection then
	answerLimit   = 32 << 20         // bytes of one answer that are read
	firstWait     = 5 * time.Minute  // after a 429 without a usable Retry-After; doubled each time
	maxAttempts   = 10
	defaultChunk  = 100 // membership changes in one PATCH
	lookupPage    = 100 // count of lookups and imports
	scimMedia     = "application/scim+json"
	userSchema    = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema   = "urn:ietf:params:scim:schemas:core:2.0:Group"
	companySchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	patchSchema   = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// ClientConfig says where a [Client] pushes and as what.
type ClientConfig struct {
	SCIMURL string // base address, for example https://host/scim/v2; a trailing slash is dropped
	Token   string // bearer token
	App     App

	ChunkSize  int          // membership changes in one PATCH of a catalogue application; 0: 100
	HTTPClient *http.Client // nil: a plain one. Redirects are never followed, so the token goes nowhere else
	// Wait pauses after a 429; nil: a timer. It returns early with the context's error.
	Wait func(context.Context, time.Duration) error
	// Observe is told of every exchange, from the goroutine that made it; nil: nobody.
	Observe func(Exchange)
}

// Exchange is one request and its answer, without the token.
type Exchange struct {
	At     time.Time
	Took   time.Duration
	Method string
	Target string // path and query below the SCIM address
	Status int    // 0: no answer came
	Detail string // of a failure

	answer []byte
	header http.Header
}

// RequestLine is method and target, as the scenario and the log show it.
func (e Exchange) RequestLine() string { return e.Method + " " + e.Target }

// Client is Okta's SCIM client. It remembers the application's ids of the people and groups that it pushed. Safe for
// concurrent use; operations on one person or group are expected one after another, as Okta runs them.
type Client struct {
	base    string
	token   string
	app     App
	chunk   int
	http    *http.Client
	wait    func(context.Context, time.Duration) error
	observe func(Exchange)
	links   *links
}

// NewClient checks the configuration and returns a client that remembers nothing yet.
func NewClient(cfg ClientConfig) (*Client, error) {
	base, err := url.Parse(cfg.SCIMURL)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("SCIM address %q: an absolute http or https address is needed", cfg.SCIMURL)
	}
	if cfg.App != Wizard && cfg.App != Catalog {
		return nil, fmt.Errorf("kind of application %q: %s or %s is needed", cfg.App, Wizard, Catalog)
	}
	if cfg.ChunkSize < 0 {
		return nil, fmt.Errorf("chunk size %d: must not be negative", cfg.ChunkSize)
	}
	c := &Client{
		base: strings.TrimRight(cfg.SCIMURL, "/"), token: cfg.Token, app: cfg.App, chunk: cfg.ChunkSize,
		http: withoutRedirects(cfg.HTTPClient), wait: cfg.Wait, observe: cfg.Observe, links: newLinks(),
	}
	c.setDefaults()
	return c, nil
}

func (c *Client) setDefaults() {
	if c.chunk == 0 {
		c.chunk = defaultChunk
	}
	if c.wait == nil {
		c.wait = pause
	}
	if c.observe == nil {
		c.observe = func(Exchange) {}
	}
}

func withoutRedirects(given *http.Client) *http.Client {
	var h http.Client
	if given != nil {
		h = *given
	}
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &h
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestConnection is the one request behind Okta's button "Test Connector Configuration".
func (c *Client) TestConnection(ctx context.Context) error {
	_, err := c.call(ctx, http.MethodGet, "/Users?startIndex=1&count=2", nil)
	return err
}

// answer is what came back.
type answer struct {
	method, target string
	status         int
	header         http.Header
	body           []byte
}

// call sends one request and returns an answer below 300; anything else is a *StatusError.
func (c *Client) call(ctx context.Context, method, target string, body any) (answer, error) {
	a, err := c.exchange(ctx, method, target, body)
	if err == nil && (a.status < 200 || a.status > 299) {
		err = newStatusError(a)
	}
	return a, err
}

// exchange sends one request, again after each 429 as Okta does: it waits as many whole seconds as Retry-After says, or
// five minutes, doubled each time, and gives up after the tenth attempt.
func (c *Client) exchange(ctx context.Context, method, target string, body any) (answer, error) {
	payload, err := encode(body)
	if err != nil {
		return answer{}, err
	}
	backoff := firstWait
	for attempt := 1; ; attempt++ {
		a, err := c.send(ctx, method, target, payload)
		if err != nil || a.status != http.StatusTooManyRequests || attempt == maxAttempts {
			return a, err
		}
		delay, usable := retryAfter(a.header.Get("Retry-After"))
		if !usable {
			delay, backoff = backoff, 2*backoff
		}
		if err := c.wait(ctx, delay); err != nil {
			return a, fmt.Errorf("waiting after a 429: %w", err)
		}
	}
}

func encode(body any) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false) // only Go writes < as an escape
	err := e.Encode(body)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// quoted is a string as JSON writes it, which is how a filter has it too (RFC 7644 section 3.4.2.2).
func quoted(s string) string {
	text, _ := encode(s) // a string always encodes
	return string(text)
}

// retryAfter understands whole seconds alone; Okta ignores an HTTP date.
func retryAfter(value string) (time.Duration, bool) {
	const longest = 24 * 60 * 60
	seconds, err := strconv.Atoi(strings.TrimSpace(value))
	if err != nil || seconds < 0 || seconds > longest {
		return 0, false
	}
	return time.Duration(seconds) * time.Second, true
}

func (c *Client) send(ctx context.Context, method, target string, payload []byte) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	started := time.Now()
	a, err := c.roundTrip(ctx, method, target, payload)
	seen := Exchange{
		At: started, Took: time.Since(started), Method: method, Target: target, Status: a.status, answer: a.body, header: a.header,
	}
	if err != nil {
		seen.Detail = plainCause(err)
		err = fmt.Errorf("%s %s: %w", method, target, err)
	} else {
		_, seen.Detail = a.complaint()
	}
	c.observe(seen)
	return a, err
}

func (c *Client) roundTrip(ctx context.Context, method, target string, payload []byte) (answer, error) {
	a := answer{method: method, target: target}
	req, err := c.request(ctx, method, target, payload)
	if err != nil {
		return a, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return a, errors.New(plainCause(err))
	}
	defer res.Body.Close()
	a.status, a.header = res.StatusCode, res.Header
	a.body, err = io.ReadAll(io.LimitReader(res.Body, answerLimit+1))
	if err != nil {
		return a, fmt.Errorf("reading the answer: %w", err)
	}
	if len(a.body) > answerLimit {
		a.body = nil
		return a, fmt.Errorf("the answer is longer than %d bytes", answerLimit)
	}
	return a, nil
}

// request has the headers that were recorded from Okta; a Content-Type goes only with a body.
func (c *Client) request(ctx context.Context, method, target string, payload []byte) (*http.Request, error) {
	var body io.Reader
	if payload != nil {
		body = bytes.NewReader(payload)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+target, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", scimMedia)
	req.Header.Set("Accept-Charset", "utf-8")
	req.Header.Set("User-Agent", "Okta SCIM Client 1.0.0")
	req.Header.Set("Authorization", "Bearer "+c.token)
	if payload != nil {
		req.Header.Set("Content-Type", scimMedia+"; charset=utf-8")
	}
	return req, nil
}

// plainCause drops the method and address that *url.Error repeats: the caller names them already.
func plainCause(err error) string {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer within 60 seconds"
	}
	return err.Error()
}

// lookup is the search before every create. Found is false on an empty list, and on 404, which Okta takes for one.
func (c *Client) lookup(ctx context.Context, collection, attribute, value string) (id string, found bool, err error) {
	a, err := c.call(ctx, http.MethodGet, lookupTarget(collection, attribute, value), nil)
	if statusOf(err) == http.StatusNotFound {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	list, err := decodeList(a.body)
	if err != nil || len(list.Resources) == 0 {
		return "", false, err
	}
	if len(list.Resources) > 1 {
		return "", false, fmt.Errorf("the lookup of %s %q matched %d resources, one at most was expected", attribute, value, len(list.Resources))
	}
	id, _ = list.Resources[0]["id"].(string)
	if id == "" {
		return "", false, fmt.Errorf("the resource found by %s %q has no id", attribute, value)
	}
	return id, true, nil
}

func lookupTarget(collection, attribute, value string) string {
	filter := strings.ReplaceAll(url.QueryEscape(attribute+" eq "+quoted(value)), "+", "%20")
	return fmt.Sprintf("%s?filter=%s&startIndex=1&count=%d", collection, filter, lookupPage)
}

func itemTarget(collection, id string) string { return collection + "/" + url.PathEscape(id) }
