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

// guessesASecond is what whoever guesses sends, from one address; askEvery is how
// often an application asks /auth/verify.
const (
	guessesASecond = 1000
	guessers       = 20
	askEvery       = 5 * time.Millisecond
	idleFor        = 10 * time.Second
	guessFor       = 20 * time.Second
)

// BenchmarkVerifyUnderWrongPasswords measures a server in a process of its own,
// and who asks and who guesses in this one, on the same cores: what /auth/verify
// takes while nobody guesses and while somebody does, and the memory at the peak.
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
		ctx, stop := context.WithCancel(b.Context())
		var guessing sync.WaitGroup
		answers := &tally{}
		guessing.Go(func() { guess(ctx, i.url, email, answers) })
		loaded := askVerify(b, i.url, cookie, guessFor)
		stop()
		guessing.Wait()
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(milliseconds(idle[len(idle)*99/100]), "idle-p99-ms")
		b.ReportMetric(milliseconds(loaded[len(loaded)*99/100]), "p99-ms")
		b.ReportMetric(milliseconds(loaded[len(loaded)/2]), "median-ms")
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
		request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, base+"/auth/verify", http.NoBody)
		if err != nil {
			b.Fatal(err)
		}
		request.Header.Set("Cookie", cookie)
		begin := time.Now()
		response, err := client.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		took = append(took, time.Since(begin))
		if response.StatusCode != http.StatusOK {
			b.Fatalf("/auth/verify answers %s", response.Status)
		}
	}
	slices.Sort(took)
	return took
}

// tally counts what guesses are answered with.
type tally struct{ all, wrong, refused atomic.Int64 }

// guess sends wrong passwords until ctx ends.
func guess(ctx context.Context, base string, email func(n int64) string, answers *tally) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: guessers}}
	defer client.CloseIdleConnections()
	var sent atomic.Int64
	var running sync.WaitGroup
	defer running.Wait()
	for range guessers {
		running.Go(func() {
			every := time.NewTicker(guessers * time.Second / guessesASecond)
			defer every.Stop()
			for {
				select {
				case <-every.C:
					answers.add(guessOnce(ctx, client, base, email(sent.Add(1))))
				case <-ctx.Done():
					return
				}
			}
		})
	}
}

// guessOnce returns the status of the answer, and 0 for none.
func guessOnce(ctx context.Context, client *http.Client, base, email string) int {
	form := url.Values{"email": {email}, "password": {"wrong horse battery staple"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/login/password", strings.NewReader(form.Encode()))
	if err != nil {
		return 0
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", base)
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

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

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

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
