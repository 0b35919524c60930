package apptest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"drawbridge/internal/apptest"
	"drawbridge/internal/web"
)

// sentASecond is what whoever guesses sends, from one address; askEvery is how
// often an application asks /auth/verify.
const (
	sentASecond = 1000
	senders     = 20
	askEvery    = 5 * time.Millisecond
	idleFor     = 10 * time.Second
	guessFor    = 20 * time.Second
)

// BenchmarkVerifyUnderWrongPasswords measures a server in a process of its own,
// and who asks and who guesses in this one, on the same cores: what /auth/verify
// takes while nobody else asks anything, while as many innocent requests come as
// there will be guesses, and while somebody guesses; and the memory at the peak.
func BenchmarkVerifyUnderWrongPasswords(b *testing.B) {
	for _, e := range apptest.Engines() {
		for name, email := range map[string]func(n int64) string{
			"one-person":  func(int64) string { return "ada@acme.example" },
			"many-people": func(n int64) string { return fmt.Sprintf("person%d@acme.example", n) },
		} {
			b.Run(e.Name+"/"+name, func(b *testing.B) { verifyUnderGuessing(b, e, email) })
		}
	}
}

func verifyUnderGuessing(b *testing.B, e apptest.Engine, email func(n int64) string) {
	i := newInstallation(b, e)
	var link string
	i.withSite(b, func(s *site) { link = s.invitationLink(s.invite(b, "ada@acme.example").Link) })
	server := i.serve(b)
	defer server.stop()
	ada := apptest.NewBrowser(b)
	wantPage(b, accept(ada, ada.Open(link), "Ada Lovelace"), http.StatusOK, "Ada Lovelace")
	cookie := web.SessionCookie + "=" + ada.Cookie(i.url, web.SessionCookie)

	for range b.N {
		idle := askVerify(b, i.url, cookie, idleFor)
		innocent := verifyBeside(b, i.url, cookie, idleFor, func(ctx context.Context, client *http.Client, _ int64) {
			send(client, newRequest(ctx, http.MethodGet, i.url+"/healthz", nil))
		})
		answers := &tally{}
		loaded := verifyBeside(b, i.url, cookie, guessFor, func(ctx context.Context, client *http.Client, n int64) {
			answers.add(guess(ctx, client, i.url, email(n)))
		})
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(p99(idle), "idle-p99-ms")
		b.ReportMetric(p99(innocent), "innocent-p99-ms")
		b.ReportMetric(p99(loaded), "guessed-p99-ms")
		b.ReportMetric(peakMemory(b, server.command.Process.Pid), "peak-MB")
		b.ReportMetric(float64(answers.all.Load())/guessFor.Seconds(), "guesses/s")
		b.ReportMetric(float64(answers.refused.Load()), "refused-at-once")
		b.ReportMetric(float64(answers.wrong.Load()), "checked")
		if other := answers.all.Load() - answers.refused.Load() - answers.wrong.Load(); other > 0 {
			b.Errorf("%d guesses were answered otherwise than by a refusal", other)
		}
	}
}

// askVerify asks like an application's proxy, and returns in order how long each
// answer took.
func askVerify(b *testing.B, base, cookie string, d time.Duration) (took []time.Duration) {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	every := time.NewTicker(askEvery)
	defer every.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); <-every.C {
		request := newRequest(b.Context(), http.MethodGet, base+"/auth/verify", nil)
		request.Header.Set("Cookie", cookie)
		begin := time.Now()
		status := send(client, request)
		took = append(took, time.Since(begin))
		if status != http.StatusOK {
			b.Fatalf("/auth/verify answers %d", status)
		}
	}
	slices.Sort(took)
	return took
}

// verifyBeside asks while somebody sends something a thousand times a second.
func verifyBeside(b *testing.B, base, cookie string, d time.Duration, something func(ctx context.Context, client *http.Client, n int64)) []time.Duration {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
	var sent atomic.Int64
	var sending sync.WaitGroup
	for i := range senders {
		sending.Go(func() {
			<-time.After(time.Duration(i) * time.Second / sentASecond) // evenly, not twenty at once
			every := time.NewTicker(senders * time.Second / sentASecond)
			defer every.Stop()
			for {
				select {
				case <-every.C:
					something(ctx, client, sent.Add(1))
				case <-ctx.Done():
					return
				}
			}
		})
	}
	took := askVerify(b, base, cookie, d)
	stop()
	sending.Wait()
	client.CloseIdleConnections()
	return took
}

// tally counts what guesses are answered with.
type tally struct{ all, wrong, refused atomic.Int64 }

func (t *tally) add(status int) {
	if status == 0 {
		return
	}
	t.all.Add(1)
	switch status {
	case http.StatusTooManyRequests:
		t.refused.Add(1)
	case http.StatusUnauthorized, http.StatusUnprocessableEntity, http.StatusForbidden:
		t.wrong.Add(1)
	}
}

// guess tries a wrong password and returns the status of the answer.
func guess(ctx context.Context, client *http.Client, base, email string) int {
	request := newRequest(ctx, http.MethodPost, base+"/login/password", url.Values{"email": {email}, "password": {"wrong horse battery staple"}})
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", base)
	return send(client, request)
}

func newRequest(ctx context.Context, method, target string, form url.Values) *http.Request {
	request, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		panic(err) // the address is the benchmark's own
	}
	return request
}

// send returns the status of the answer, and 0 for none.
func send(client *http.Client, request *http.Request) int {
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// p99 is what 99 of 100 answers did not take longer than, in milliseconds.
func p99(took []time.Duration) float64 {
	return float64(took[len(took)*99/100].Microseconds()) / 1000
}

// peakMemory is the most that a process had in memory, in MB.
func peakMemory(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, found := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(rest)
	if !found || len(fields) == 0 {
		b.Fatal("the peak is not told")
	}
	kib, err := strconv.Atoi(fields[0])
	if err != nil {
		b.Fatal(err)
	}
	return float64(kib) / 1000 * 1.024
}
