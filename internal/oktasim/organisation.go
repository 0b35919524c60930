package oktasim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config is what an organisation is made of. What is known only once the application runs may be left out and given to
// [Organisation.Connect].
type Config struct {
	BaseURL      string // scheme and host of the listener, without a path: the issuer
	ClientID     string // the one OIDC client
	ClientSecret string
	App          App // kind of SCIM application; empty: Wizard
	Sample       Sample
	Connection

	ChunkSize  int                                        // see ClientConfig
	HTTPClient *http.Client                               // see ClientConfig
	Wait       func(context.Context, time.Duration) error // see ClientConfig
	Now        func() time.Time                           // nil: time.Now
}

// Connection is where the application can be reached.
type Connection struct {
	RedirectURIs     []string // compared exactly
	PostLogoutURIs   []string // compared exactly
	InitiateLoginURI string   // where the dashboard's tile leads; empty: no tile
	SCIMURL          string   // empty: provisioning is off
	SCIMToken        string
}

// Organisation is an Okta organisation. Safe for concurrent use; what it pushes goes out one operation at a time, as Okta
// works its tasks off.
type Organisation struct {
	cfg     Config
	now     func() time.Time
	keys    *keyring
	vault   *vault
	log     *exchangeLog
	notices *noticeBoard
	turn    chan struct{} // held by the operation that is pushing

	mu     sync.RWMutex
	people []Person
	groups []Group
	conn   Connection
	client *Client
}

// New returns an organisation with the people and groups of cfg.Sample. Nothing is pushed yet.
func New(cfg Config) (*Organisation, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" || strings.Trim(base.Path, "/") != "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("base URL %q: scheme and host are needed, and no path", cfg.BaseURL)
	}
	if cfg.ClientID == "" || cfg.ClientSecret == "" {
		return nil, errors.New("client id and client secret are needed")
	}
	cfg.BaseURL = base.Scheme + "://" + base.Host
	cfg.App = cmp.Or(cfg.App, Wizard)
	o := &Organisation{
		cfg: cfg, now: cfg.Now, log: &exchangeLog{}, notices: newNoticeBoard(), turn: make(chan struct{}, 1),
		people: slices.Clone(cfg.Sample.People), groups: cloneGroups(cfg.Sample.Groups),
	}
	if o.now == nil {
		o.now = time.Now
	}
	o.vault = newVault(o.now)
	if o.keys, err = newKeyring(); err != nil {
		return nil, err
	}
	return o, o.Connect(cfg.Connection)
}

// Connect replaces the whole connection. What was pushed stays remembered as long as the SCIM address is the same.
func (o *Organisation) Connect(conn Connection) error {
	var client *Client
	if conn.SCIMURL != "" {
		var err error
		client, err = NewClient(ClientConfig{
			SCIMURL: conn.SCIMURL, Token: conn.SCIMToken, App: o.cfg.App, ChunkSize: o.cfg.ChunkSize,
			HTTPClient: o.cfg.HTTPClient, Wait: o.cfg.Wait, Observe: o.log.add,
		})
		if err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if client != nil && o.client != nil && o.client.base == client.base {
		client.links = o.client.links
	}
	o.conn, o.client = conn, client
	return nil
}

func (o *Organisation) connection() Connection {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.conn
}

// Issuer is the issuer of ID tokens: the base URL, as an org authorization server has it.
func (o *Organisation) Issuer() string { return o.cfg.BaseURL }

// People are all people, in the order in which they came.
func (o *Organisation) People() []Person {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return slices.Clone(o.people)
}

// Groups are all groups, in the order in which they came.
func (o *Organisation) Groups() []Group {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return cloneGroups(o.groups)
}

func cloneGroups(groups []Group) []Group {
	out := slices.Clone(groups)
	for i := range out {
		out[i].Members = slices.Clone(out[i].Members)
	}
	return out
}

// Person finds somebody by id or login (in any letter case).
func (o *Organisation) Person(key string) (Person, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	i := slices.IndexFunc(o.people, func(p Person) bool { return p.ID == key || strings.EqualFold(p.Login, key) })
	if i < 0 {
		return Person{}, false
	}
	return o.people[i], true
}

// Group finds a group by id or name.
func (o *Organisation) Group(key string) (Group, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	i := slices.IndexFunc(o.groups, func(g Group) bool { return g.ID == key || g.Name == key })
	if i < 0 {
		return Group{}, false
	}
	return cloneGroups(o.groups[i : i+1])[0], true
}

// AddPerson adds somebody, active and with an id made from the login when p has none. Nothing is pushed.
func (o *Organisation) AddPerson(p Person) (Person, error) {
	p.ID = cmp.Or(p.ID, stableID("00u", p.Login, 0))
	p.Status = cmp.Or(p.Status, Active)
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, other := range o.people {
		if other.ID == p.ID || strings.EqualFold(other.Login, p.Login) {
			return Person{}, fmt.Errorf("somebody has the id %s or the login %s", p.ID, p.Login)
		}
	}
	o.people = append(o.people, p)
	return p, nil
}

// DeletePerson removes somebody who is deprovisioned, so that the login is free for another person. Okta sends nothing.
func (o *Organisation) DeletePerson(personID string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.people, func(p Person) bool { return p.ID == personID })
	if i < 0 {
		return ErrUnknown
	}
	if o.people[i].Status != Deprovisioned {
		return errors.New("only a deprovisioned person can be deleted: deactivate first")
	}
	o.people = slices.Delete(o.people, i, i+1)
	for g := range o.groups {
		o.groups[g].Members = without(o.groups[g].Members, []string{personID})
	}
	return nil
}

// AddGroup adds a group, with an id made from its name when g has none. Nothing is pushed.
func (o *Organisation) AddGroup(g Group) (Group, error) {
	g.ID = cmp.Or(g.ID, stableID("00g", g.Name, 0))
	g.Members = slices.Clone(g.Members)
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, other := range o.groups {
		if other.ID == g.ID || other.Name == g.Name {
			return Group{}, fmt.Errorf("a group has the id %s or the name %s", g.ID, g.Name)
		}
	}
	o.groups = append(o.groups, g)
	return g, nil
}

// editPerson changes one person under the lock and returns the result.
func (o *Organisation) editPerson(personID string, edit func(*Person)) (Person, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.people {
		if o.people[i].ID == personID {
			edit(&o.people[i])
			return o.people[i], nil
		}
	}
	return Person{}, ErrUnknown
}

// editGroup changes one group under the lock and returns the result.
func (o *Organisation) editGroup(groupID string, edit func(*Group)) (Group, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.groups {
		if o.groups[i].ID == groupID {
			edit(&o.groups[i])
			return cloneGroups(o.groups[i : i+1])[0], nil
		}
	}
	return Group{}, ErrUnknown
}

// RotateKey makes a new key sign ID tokens. The one before stays published, so that tokens that are under way still verify;
// older ones go.
func (o *Organisation) RotateKey() error { return o.keys.rotate() }

// LaunchURL is where the dashboard's tile leads: the application's Initiate login URI with `iss` and, unless login is
// empty, `login_hint`. It is empty when there is no such URI.
func (o *Organisation) LaunchURL(login string) string {
	target, err := url.Parse(o.connection().InitiateLoginURI)
	if err != nil || target.Host == "" {
		return ""
	}
	q := target.Query()
	q.Set("iss", o.Issuer())
	if login != "" {
		q.Set("login_hint", login)
	}
	target.RawQuery = q.Encode()
	return target.String()
}

// Exchanges are the last 200 SCIM exchanges, newest first.
func (o *Organisation) Exchanges() []Exchange { return o.log.newestFirst() }

// exchangeLog keeps the last exchanges, without bodies and tokens.
type exchangeLog struct {
	mu   sync.Mutex
	list []Exchange
}

const loggedExchanges = 200

func (l *exchangeLog) add(e Exchange) {
	e.answer, e.header = nil, nil
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) == loggedExchanges {
		l.list = slices.Delete(l.list, 0, 1)
	}
	l.list = append(l.list, e)
}

func (l *exchangeLog) newestFirst() []Exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := slices.Clone(l.list)
	slices.Reverse(out)
	return out
}
