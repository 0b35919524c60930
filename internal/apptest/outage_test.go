package apptest_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"drawbridge/internal/apptest"
	"drawbridge/internal/testenv"
)

// gate stands between a bridge and PostgreSQL. Shut, it lets nobody through and
// ends who is inside.
type gate struct {
	target string
	url    string

	mu      sync.Mutex
	shut    bool
	inside  map[net.Conn]bool
	armed   bool     // the next transaction is to be cut
	passing int      // messages of it that still pass
	deaf    string   // the transaction that says this is to hear no answer to its commit
	begun   net.Conn // of the transaction that armed or deaf is about
	sprung  bool     // one of them has happened
}

func startGate(t *testing.T, database string) *gate {
	t.Helper()
	address := mustParse(t, database)
	g := &gate{target: address.Host, inside: make(map[net.Conn]bool)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(); g.close() })
	address.Host = l.Addr().String()
	g.url = address.String()
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go g.relay(in)
		}
	}()
	return g
}

func (g *gate) relay(in net.Conn) {
	defer func() { _ = in.Close() }()
	out, err := net.Dial("tcp", g.target)
	if err != nil || !g.enter(in, out) {
		return
	}
	defer func() { _ = out.Close() }()
	go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
	message := make([]byte, 64<<10)
	for {
		n, err := in.Read(message)
		if err != nil || !g.passes(in, message[:n]) {
			return
		}
		if _, err := out.Write(message[:n]); err != nil {
			return
		}
	}
}

func (g *gate) enter(conns ...net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range conns {
		if g.shut {
			_ = c.Close()
			continue
		}
		g.inside[c] = true
	}
	return !g.shut
}

// passes decides about what a client sends.
func (g *gate) passes(from net.Conn, message []byte) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.deaf != "":
		g.deafen(from, message)
	case g.armed:
		return g.passesArmed(from, message)
	}
	return true
}

// passesArmed lets so many messages of the first transaction that begins pass
// as arm said; then the gate shuts, unless the transaction was shorter.
func (g *gate) passesArmed(from net.Conn, message []byte) bool {
	if g.begun == nil && bytes.Contains(message, []byte("begin isolation")) {
		g.begun = from
	}
	if g.begun != from {
		return true
	}
	if g.passing > 0 {
		g.passing--
		g.armed = !isCommit(message)
		return true
	}
	g.armed, g.sprung = false, true
	g.shutNow()
	return false
}

// deafen ends the connection on which the chosen transaction commits, before
// the commit goes on to the database.
func (g *gate) deafen(from net.Conn, message []byte) {
	if bytes.Contains(message, []byte(g.deaf)) {
		g.begun = from
	}
	if g.begun == from && isCommit(message) {
		g.deaf, g.sprung = "", true
		_ = from.Close()
	}
}

func isCommit(message []byte) bool { return bytes.Contains(message, []byte("commit\x00")) }

func (g *gate) shutNow() {
	g.shut = true
	for c := range g.inside {
		_ = c.Close()
	}
	clear(g.inside)
}

// close shuts the gate.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shutNow()
}

// arm cuts the next transaction after so many messages.
func (g *gate) arm(after int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.armed, g.passing, g.begun, g.sprung = true, after, nil, false
}

// swallow lets the commit of the transaction that says word through, and cuts
// its answer off.
func (g *gate) swallow(word string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.deaf, g.begun, g.sprung = word, nil, false
}

// open lets everybody through again and reports whether the trap had sprung.
func (g *gate) open() (sprung bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	sprung, g.begun = g.sprung, nil
	g.shut, g.armed, g.deaf, g.sprung = false, false, "", false
	return sprung
}

// TestDatabaseGoneInTheMiddleOfAPATCH cuts the connection before each message
// of the transaction in turn, the commit included.
func TestDatabaseGoneInTheMiddleOfAPATCH(t *testing.T) {
	t.Parallel()
	g := startGate(t, testenv.Postgres(t))
	s := newSite(t, apptest.Start(t, apptest.Options{Database: g.url}), "acme")
	_, c := s.directory(t, "okta-catalog")
	ada, bob := c.newUser(t, "ada@acme.example"), c.newUser(t, "bob@acme.example")
	group := c.newGroup(t, "SOC", ada)
	change := patchJSON(`{"op":"replace","path":"displayName","value":"NOC"}`, `{"op":"replace","path":"members","value":`+encode(memberValues([]string{bob}))+`}`)

	cuts, before := 0, c.listing(t)
	for range 300 {
		g.arm(cuts)
		a := c.do(t, "PATCH", "/Groups/"+group, change)
		sprung := g.open()
		if !sprung {
			a.want(t, http.StatusOK)
			break
		}
		c.untilBack(t)
		if a.status == http.StatusOK { // it was the audit's sealer that was cut: once more
			c.do(t, "PUT", "/Groups/"+group, groupJSON("SOC", ada)).want(t, http.StatusOK)
			before = c.listing(t)
			continue
		}
		a.wantError(t, http.StatusServiceUnavailable, "")
		if after := c.listing(t); after != before {
			t.Fatalf("cut after %d messages, the directory showed\n%s\nand shows\n%s", cuts, before, after)
		}
		cuts++
	}
	if cuts < 3 {
		t.Errorf("the transaction was cut %d times", cuts)
	}
	if members := c.membersOf(t, group); len(members) != 1 || !members[bob] {
		t.Errorf("in the end the members are %v", members)
	}
	wantSound(t, s)
}

// TestTheAnswerToACommitIsLost: nobody can know what became of the change. It
// stands whole, and the client's next try, which must come, changes nothing.
func TestTheAnswerToACommitIsLost(t *testing.T) {
	t.Parallel()
	g := startGate(t, testenv.Postgres(t))
	s := newSite(t, apptest.Start(t, apptest.Options{Database: g.url}), "acme")
	_, c := s.directory(t, "okta-catalog")
	ada, bob := c.newUser(t, "ada@acme.example"), c.newUser(t, "bob@acme.example")
	group := "/Groups/" + c.newGroup(t, "SOC", ada)
	change := patchJSON(`{"op":"replace","path":"displayName","value":"NOC"}`, `{"op":"remove","path":"members[value eq \"`+ada+`\"]"}`, addMembers(bob))

	g.swallow("NOC")
	c.do(t, "PATCH", group, change).wantError(t, http.StatusServiceUnavailable, "")
	if !g.open() {
		t.Fatal("no commit was seen")
	}
	stored := c.untilNamed(t, group, "NOC")
	c.do(t, "PATCH", group, change).want(t, http.StatusOK)
	if again := c.do(t, "GET", group, "").body; !bytes.Equal(again, stored) || !bytes.Contains(stored, []byte(bob)) || bytes.Contains(stored, []byte(ada)) {
		t.Errorf("stored was\n%s\nand after the second try\n%s", stored, again)
	}
	wantSound(t, s)
}

// untilNamed waits for what the database does after the bridge lost sight of it.
func (c scimClient) untilNamed(t *testing.T, group, name string) (stored []byte) {
	t.Helper()
	for range 1000 {
		a := c.do(t, "GET", group, "")
		if a.status == http.StatusOK && bytes.Contains(a.body, []byte(`"displayName":"`+name+`"`)) {
			return a.body
		}
	}
	t.Fatalf("the group is never named %s", name)
	return nil
}

// untilBack asks until the database answers: each connection that broke while
// nobody used it is found out by the request that takes it next.
func (c scimClient) untilBack(t *testing.T) {
	t.Helper()
	const connections = 10 // of the bridge's pool
	for range connections + 1 {
		if c.do(t, "GET", "/Users?count=1", "").status == http.StatusOK {
			return
		}
	}
	t.Fatal("the bridge does not find its database again")
}

func TestDatabaseGoneForAWhile(t *testing.T) {
	t.Parallel()
	g := startGate(t, testenv.Postgres(t))
	s := newSite(t, apptest.Start(t, apptest.Options{Database: g.url}), "acme")
	_, c := s.directory(t, "okta")
	user := c.newUser(t, "ada@acme.example")
	before := c.listing(t)
	plain := scimClient{base: s.URL}

	g.close()
	c.do(t, "GET", "/Users/"+user, "").wantError(t, http.StatusServiceUnavailable, "")
	c.do(t, "PATCH", "/Users/"+user, patchJSON(`{"op":"replace","path":"active","value":false}`)).wantError(t, http.StatusServiceUnavailable, "")
	c.do(t, "POST", "/Users", userJSON("bob@acme.example")).wantError(t, http.StatusServiceUnavailable, "")
	plain.do(t, "GET", "/healthz", "").want(t, http.StatusOK)
	plain.do(t, "GET", "/readyz", "").want(t, http.StatusServiceUnavailable)
	if code := verify(t, s.URL, &http.Cookie{Name: "drawbridge_session", Value: "0123456789abcdefghjkmnpqrs.x"}); code == http.StatusOK {
		t.Error("/auth/verify lets somebody in while the database is gone")
	}

	g.open()
	c.untilBack(t)
	if after := c.listing(t); after != before {
		t.Errorf("the directory showed\n%s\nand shows\n%s", before, after)
	}
	plain.do(t, "GET", "/readyz", "").want(t, http.StatusOK)
	c.do(t, "PATCH", "/Users/"+user, patchJSON(`{"op":"replace","path":"title","value":"Back"}`)).want(t, http.StatusOK)
}
