package apptest_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"drawbridge/config"
	"drawbridge/internal/app"
	"drawbridge/internal/apptest"
)

// answered are what a server said that it had stored.
type answered struct{ users, members []string }

func TestKillBetweenPushes_NothingAnsweredIsLost(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		i := newInstallation(t, e)
		var c scimClient
		i.withSite(t, func(s *site) { _, c = s.directory(t, "okta-catalog") })
		p := i.serve(t)
		group := c.newGroup(t, "SOC")
		var all answered
		for round := range 3 {
			got := c.pushUntilKilled(t, p, group, round)
			all.users, all.members = append(all.users, got.users...), append(all.members, got.members...)
			p = i.serve(t)
		}
		if len(all.users) < 30 || len(all.members) < 15 {
			t.Errorf("only %d users and %d members were answered", len(all.users), len(all.members))
		}
		for _, id := range all.users {
			c.do(t, "GET", "/Users/"+id, "").want(t, http.StatusOK)
		}
		members := c.membersOf(t, group)
		for _, id := range all.members {
			if !members[id] {
				t.Errorf("the member %s is lost", id)
			}
		}
		p.stop()
		i.withSite(t, func(s *site) { wantSound(t, s) })
	})
}

// pushUntilKilled lets four writers push people into a group and kills the
// process after the twentieth answer, while they go on.
func (c scimClient) pushUntilKilled(t *testing.T, p *process, group string, round int) (got answered) {
	t.Helper()
	users, members := make(chan string, 100), make(chan string, 100)
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for n := 0; c.push(t, fmt.Sprintf("r%dw%dn%d@acme.example", round, w, n), group, users, members); n++ {
			}
		})
	}
	for range 20 {
		select {
		case id := <-users:
			got.users = append(got.users, id)
		case id := <-members:
			got.members = append(got.members, id)
		}
	}
	p.signal(syscall.SIGKILL)
	writers.Wait()
	_ = p.wait()
	close(users)
	close(members)
	for id := range users {
		got.users = append(got.users, id)
	}
	for id := range members {
		got.members = append(got.members, id)
	}
	return got
}

// push creates a user, adds it to the group, and tells what was answered. It
// reports whether the server still lives.
func (c scimClient) push(t *testing.T, name, group string, users, members chan<- string) (alive bool) {
	a, err := c.send(t, "POST", "/Users", strings.NewReader(userJSON(name)))
	if err != nil {
		return false
	}
	if a.status != http.StatusCreated {
		t.Errorf("POST of %s: %d %.300s", name, a.status, a.body)
		return false
	}
	var made struct{ ID string }
	decode(t, a.body, &made)
	users <- made.ID
	a, err = c.send(t, "PATCH", "/Groups/"+group, strings.NewReader(patchJSON(addMembers(made.ID))))
	if err != nil {
		return false
	}
	if a.status != http.StatusOK && a.status != http.StatusNoContent {
		t.Errorf("PATCH with %s: %d %.300s", name, a.status, a.body)
		return false
	}
	members <- made.ID
	return true
}

func TestSIGTERMLetsARunningRequestFinish(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		i := newInstallation(t, e)
		var c scimClient
		i.withSite(t, func(s *site) { _, c = s.directory(t, "okta") })
		p := i.serve(t)
		address := i.settings["listen"]
		body := userJSON("late@acme.example")

		running := beginPOST(t, address, c.token, len(body))
		p.signal(syscall.SIGTERM)
		untilClosed(t, address)
		_, err := io.WriteString(running.conn, body)
		if err != nil {
			t.Fatal(err)
		}
		w, err := http.ReadResponse(running.answer, nil)
		if err != nil {
			t.Fatalf("the running request got no answer: %v", err)
		}
		text, err := io.ReadAll(w.Body)
		if err != nil || w.StatusCode != http.StatusCreated {
			t.Errorf("the running request is answered %d %s, %v", w.StatusCode, text, err)
		}
		if err := p.wait(); err != nil {
			t.Errorf("the server ends with %v: %s", err, p.said)
		}
		p = i.serve(t)
		if found := c.do(t, "GET", "/Users?filter=userName%20eq%20%22late%40acme.example%22", ""); !bytes.Contains(found.body, []byte(`"totalResults":1`)) {
			t.Errorf("after the restart: %s", found.body)
		}
		p.stop()
	})
}

// runningRequest is one whose handler waits for the body.
type runningRequest struct {
	conn   net.Conn
	answer *bufio.Reader
}

// beginPOST sends the head of a request and returns once the handler asks for
// the body, which it does by 100 Continue (RFC 9110 §10.1.1).
func beginPOST(t *testing.T, address, token string, length int) runningRequest {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "POST /scim/v2/Users HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/scim+json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", address, token, length)
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	lines := textproto.NewReader(r)
	first, err := lines.ReadLine()
	if err != nil || !strings.Contains(first, "100 Continue") {
		t.Fatalf("the server answers %q, %v", first, err)
	}
	if _, err := lines.ReadLine(); err != nil {
		t.Fatal(err)
	}
	return runningRequest{conn, r}
}

// untilClosed waits until nobody listens any more.
func untilClosed(t *testing.T, address string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		_ = conn.Close()
	}
	t.Fatal("the server still listens")
}

func TestWrongSecretKeySaysSo_AndDoesNotStart(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		i := newInstallation(t, e)
		i.withSite(t, func(*site) {})
		i.settings["secret_key"] = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
		for _, args := range [][]string{{"serve"}, {"workspace", "list"}} {
			command := i.command(t, args...)
			var out, said bytes.Buffer
			command.Stdout, command.Stderr = &out, &said
			killer := time.AfterFunc(patience, func() { _ = command.Process.Kill() })
			err := command.Run()
			killer.Stop()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("%q ends with %v", args, err)
			}
			if strings.Count(said.String(), "\n") != 1 || !strings.Contains(said.String(), "secret key is not the one") || out.Len() > 0 {
				t.Errorf("%q says %q and %q", args, said.String(), out.String())
			}
		}
	})
}

func TestClocksThatDisagree(t *testing.T) {
	apptest.OnBoth(t, func(t *testing.T, e apptest.Engine) {
		s := startSite(t, e)
		for name, test := range map[string]struct {
			off    time.Duration
			status int
			say    string
		}{
			"five minutes ahead": {5 * time.Minute, http.StatusBadRequest, "is 5 minutes ahead of this server's"},
			"an hour ahead":      {time.Hour, http.StatusBadRequest, "is 60 minutes ahead of this server's"},
			"within tolerance":   {40 * time.Second, http.StatusOK, "Guest"},
			// Some providers date their tokens five minutes back on purpose, and
			// what they say stays valid for an hour.
			"five minutes behind":    {-5 * time.Minute, http.StatusOK, "Guest"},
			"eleven minutes behind":  {-11 * time.Minute, http.StatusBadRequest, "is 11 minutes behind this server's"},
			"behind until it is old": {-90 * time.Minute, http.StatusBadRequest, "is 90 minutes behind this server's"},
		} {
			t.Run(name, func(t *testing.T) {
				org := startOkta(t, func() time.Time { return time.Now().Add(test.off) }, "ada@acme.example")
				w := newSite(t, s.Bridge, strings.ReplaceAll(name, " ", "-"))
				if _, err := s.Service.AddDomain(t.Context(), operator, w.ws.ID, "acme.example", true); err != nil {
					t.Fatal(err)
				}
				c := w.connectOkta(t, org, true)
				p := org.signIn(t, apptest.NewBrowser(t), w.startURL(c), "ada@acme.example")
				wantPage(t, p, test.status, test.say)
				if test.status != http.StatusOK {
					wantWords(t, p, mustParse(t, org.Issuer()).Host)
				}
			})
		}
	})
}

func TestAMissingKeyIsNotMadeAnewBesideItsDatabase(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	c, err := config.Load(config.Sources{Flags: map[string]string{"data_dir": data}})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	core, err := app.Open(t.Context(), c, log, app.MigrateEmpty)
	if err != nil {
		t.Fatal(err)
	}
	if err := core.Close(); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(data, "secret.key")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Open(t.Context(), c, log, app.MigrateEmpty); err == nil || !strings.Contains(err.Error(), key+" is missing") {
		t.Errorf("opened with %v, want a word about the missing key", err)
	}
	if _, err := os.Stat(key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key was made: %v", err)
	}
}

func TestDoctorSpeaksOfAKeyThatOthersCanRead(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	c, err := config.Load(config.Sources{Flags: map[string]string{"data_dir": data}})
	if err != nil {
		t.Fatal(err)
	}
	core, err := app.Open(t.Context(), c, slog.New(slog.DiscardHandler), app.MigrateEmpty)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = core.Close() })
	settings := func() string {
		for _, f := range core.Doctor(t.Context()) {
			if f.Check == "settings" {
				return f.Detail
			}
		}
		return ""
	}
	if got := settings(); strings.Contains(got, "secret.key") {
		t.Errorf("a key of mode 0600 is spoken of: %s", got)
	}
	if err := os.Chmod(filepath.Join(data, "secret.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := settings(); !strings.Contains(got, "secret.key can be read by others") {
		t.Errorf("doctor says %q", got)
	}
}
