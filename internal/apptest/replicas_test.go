package apptest_test

import (
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"drawbridge/internal/apptest"
	"drawbridge/internal/oktasim"
	"drawbridge/internal/testenv"
)

// refusedEverywhere is what design §3 promises: a replica that did not revoke
// refuses within a second, with or without Redis.
const refusedEverywhere = time.Second

// untilRefused asks the replica until it refuses, and says how long after the
// revocation it was last asked and let somebody in.
func untilRefused(t *testing.T, url string, cookie *http.Cookie) time.Duration {
	t.Helper()
	revoked := time.Now()
	var letIn time.Duration
	for time.Since(revoked) < 10*refusedEverywhere {
		asked := time.Since(revoked)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/auth/verify", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.AddCookie(cookie)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusUnauthorized {
			return letIn
		}
		letIn = asked
	}
	t.Fatal("the session is still good")
	return 0
}

func replicasRefuse(t *testing.T, redis string, before func()) {
	t.Helper()
	database := testenv.Postgres(t)
	engine := apptest.Engine{
		Database: func(testing.TB) string { return database },
		Redis:    func(testing.TB) string { return redis },
	}
	a := apptest.StartAcme(t, engine, oktasim.Catalog)
	other := apptest.Start(t, apptest.Options{Database: database, Redis: redis})
	b := apptest.NewBrowser(t)
	login := a.Login(t, "Analysts")
	a.SignIn(t, b, login)
	cookie := &http.Cookie{Name: "drawbridge_session", Value: b.Cookie(a.URL, "drawbridge_session")}
	before()
	if code := verify(t, other.URL, cookie); code != http.StatusOK {
		t.Fatalf("the other replica answers %d before the deactivation", code)
	}
	person, _ := a.Okta.Person(login)
	if err := a.Okta.Deactivate(t.Context(), person.ID); err != nil {
		t.Fatal(err)
	}
	if code := verify(t, a.URL, cookie); code != http.StatusUnauthorized {
		t.Errorf("the replica that revoked answers %d at once", code)
	}
	if after := untilRefused(t, other.URL, cookie); after > refusedEverywhere {
		t.Errorf("the other replica let in who asked %v after the revocation, want at most %v", after, refusedEverywhere)
	}
	if p := a.SignIn(t, apptest.NewBrowser(t), a.Newcomer(t)); p.Status != http.StatusOK {
		t.Errorf("sign-in answers %d: %s", p.Status, p.Text)
	}
}

func verify(t *testing.T, url string, cookie *http.Cookie) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/auth/verify", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(cookie)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestRevocationReachesOtherReplicas_WithRedis(t *testing.T) {
	t.Parallel()
	replicasRefuse(t, testenv.Redis(t), func() {})
}

func TestRevocationReachesOtherReplicas_WithoutRedis(t *testing.T) {
	t.Parallel()
	replicasRefuse(t, "", func() {})
}

func TestRevocationReachesOtherReplicas_WithRedisStoppedInTheMiddle(t *testing.T) {
	t.Parallel()
	relay := startRelay(t, testenv.Redis(t))
	replicasRefuse(t, relay.url, relay.stop)
}

// relay stands between the bridge and Redis, so that a test can take Redis
// away from it without taking it from other tests.
type relay struct {
	url  string
	stop func()
}

func startRelay(t *testing.T, redis string) relay {
	t.Helper()
	target := mustParse(t, redis)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open []net.Conn
	keep := func(c net.Conn) {
		mu.Lock()
		defer mu.Unlock()
		open = append(open, c)
	}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", target.Host)
			if err != nil {
				_ = in.Close()
				continue
			}
			keep(in)
			keep(out)
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		}
	}()
	stop := func() {
		_ = l.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			_ = c.Close()
		}
	}
	t.Cleanup(stop)
	target.Host = l.Addr().String()
	return relay{url: target.String(), stop: stop}
}
