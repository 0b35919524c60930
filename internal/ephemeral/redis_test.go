package ephemeral

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

var discard = slog.New(slog.DiscardHandler)

// testRedis returns the URL of the Redis that the tests share: the one they were
// given, or one started for this test.
func testRedis(t *testing.T) string {
	t.Helper()
	if url := os.Getenv("DRAWBRIDGE_TEST_REDIS_URL"); url != "" {
		return url
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("DRAWBRIDGE_TEST_REDIS_URL is not set: start the tests by `make test`")
	}
	return startRedis(t, socket(t)).url
}

// server is a Redis process of one test.
type server struct {
	url  string
	stop func() // ends the process by its own id and waits for it
}

// socket returns a path short enough for a Unix socket.
func socket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func startRedis(t *testing.T, socket string) server {
	t.Helper()
	stop := startProcess(t, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", filepath.Dir(socket))
	return server{url: "unix://" + socket, stop: stop}
}

// startProcess runs redis-server until it accepts connections.
func startProcess(t *testing.T, args ...string) (stop func()) {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("redis-server is not installed and DRAWBRIDGE_TEST_REDIS_URL is not set: start the tests by `make test`, or install redis-server")
	}
	command := exec.Command(binary, args...)
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		command.Process.Kill()
		command.Wait()
	})
	t.Cleanup(stop)
	awaitReady(t, output)
	return stop
}

func awaitReady(t *testing.T, output io.Reader) {
	t.Helper()
	ready := make(chan string, 1)
	go func() {
		tell := sync.OnceFunc(func() { ready <- "" })
		var said strings.Builder
		for lines := bufio.NewScanner(output); lines.Scan(); {
			said.WriteString(lines.Text() + "\n")
			if strings.Contains(lines.Text(), "eady to accept connections") || strings.Contains(lines.Text(), "+monitor master") {
				tell()
			}
		}
		select {
		case ready <- "output:\n" + said.String():
		default:
		}
	}()
	select {
	case said := <-ready:
		if said != "" {
			t.Fatalf("redis-server ended:\n%s", said)
		}
	case <-time.After(patienceOfTests):
		t.Fatal("redis-server does not get ready")
	}
}

func TestContractRedis(t *testing.T) {
	t.Parallel()
	url := testRedis(t)
	open := func(t *testing.T) *Ephemeral {
		e := openFor(t, url, &logBook{})
		if err := e.Health(t.Context()); err != nil {
			t.Fatalf("the tests' Redis: %v", err)
		}
		return e
	}
	t.Run("contract", func(t *testing.T) { contract(t, open) })
	t.Run("together", func(t *testing.T) { together(t, open) })
}

// eventually asks again and again until the answer is yes.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(patienceOfTests)
	for !yes() {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("it never came about that %s", what)
		}
	}
}

func TestRedisStoppedInTheMiddle(t *testing.T) {
	t.Parallel()
	path := socket(t)
	running := startRedis(t, path)
	book := &logBook{}
	one, two := openFor(t, running.url, book), openFor(t, running.url, &logBook{})
	connected(t, one, two)
	spent := unique()
	spend(t, one, spent, 1, 1000, 500)

	running.stop()

	begin := time.Now()
	if err := one.Health(t.Context()); err == nil {
		t.Error("Health finds nothing wrong")
	}
	spend(t, one, spent, 1, 1000, 500)
	if ok, _ := allow(t, one, spent, 1, 1000); ok && time.Since(begin) < time.Second {
		t.Error("the outage made a new window")
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("500 requests without Redis took %v", took)
	}
	topic := unique()
	got := listen(t, one, topic)
	one.Publish(t.Context(), topic, "still here")
	receive(t, got)
	if n := book.lines("redis is away"); n != 1 {
		t.Errorf("%d lines of log about the outage", n)
	}

	startRedis(t, path)
	eventually(t, "Health is good again", func() bool { return one.Health(t.Context()) == nil })
	connected(t, one, two)
	key := unique()
	eventually(t, "rates are counted together again", func() bool {
		one.Allow(t.Context(), key, 1, 1)
		ok, _, _ := two.Allow(t.Context(), key, 1, 1)
		key = unique()
		return !ok
	})
	if n := book.lines("redis is back"); n != 1 {
		t.Errorf("%d lines of log about the return", n)
	}
}

func TestRedisDownAtStart(t *testing.T) {
	t.Parallel()
	path := socket(t)
	book := &logBook{}
	e := openFor(t, "unix://"+path, book)
	if err := e.Health(t.Context()); err == nil {
		t.Error("Health finds nothing wrong")
	}
	spend(t, e, unique(), 1, 5, 5)
	if n := book.lines("redis is away"); n != 1 {
		t.Errorf("%d lines of log", n)
	}
	startRedis(t, path)
	eventually(t, "Health is good", func() bool { return e.Health(t.Context()) == nil })
}

// TestSilentRedis meets a server that takes connections and never answers.
func TestSilentRedis(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	begin := time.Now()
	e := openFor(t, "redis://"+listener.Addr().String(), &logBook{})
	spend(t, e, unique(), 1, 500, 500)
	e.Publish(t.Context(), unique(), "x")
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestCallerWhoGivesUpIsNoOutage(t *testing.T) {
	t.Parallel()
	book := &logBook{}
	e := openFor(t, startRedis(t, socket(t)).url, book)
	for range 50 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond)
		if ok, _, err := e.Allow(ctx, unique(), 1, 1); ok != (err == nil) {
			t.Errorf("Allow = %v, %v", ok, err)
		}
		cancel()
	}
	if n := book.lines("redis is away"); n != 0 {
		t.Errorf("%d lines of log about an outage", n)
	}
}

func TestWindowIsOneKeyThatExpires(t *testing.T) {
	t.Parallel()
	url := startRedis(t, socket(t)).url
	e := openFor(t, url, &logBook{})
	spend(t, e, "directory/1", 10, 10, 10)
	client := e.client
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 1 || keys[0] != "drawbridge:rate:directory/1" {
		t.Fatalf("keys %q, %v", keys, err)
	}
	left, err := client.PTTL(t.Context(), keys[0]).Result()
	if err != nil || left <= 0 || left > time.Second {
		t.Errorf("the key lives for %v, %v", left, err)
	}
}

func TestForeignMessagesAreIgnored(t *testing.T) {
	t.Parallel()
	url := startRedis(t, socket(t)).url
	e := openFor(t, url, &logBook{})
	connected(t, openFor(t, url, &logBook{}), e)
	topic := unique()
	got := listen(t, e, topic)
	for _, payload := range []string{"", "short", strings.Repeat("x", 26)} {
		if err := e.client.Publish(t.Context(), busPrefix+topic, payload).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if payload := receive(t, got); payload != "" {
		t.Errorf("got %q, want the payload behind 26 characters of origin", payload)
	}
}

func TestRedisURLs(t *testing.T) {
	t.Parallel()
	tests := map[string]func(redis.UniversalClient) bool{
		"redis://h":                             isType[*redis.Client],
		"rediss://u:p@h:6380/2":                 isType[*redis.Client],
		"unix:///run/redis.sock?db=1":           isType[*redis.Client],
		"redis://h:1?addr=h:2&addr=h:3":         isType[*redis.ClusterClient],
		"redis://h:1?addr=h:2&master_name=main": isType[*redis.Client],
	}
	for text, right := range tests {
		client, err := newClient(text)
		if err != nil || !right(client) {
			t.Errorf("%s: %T, %v", text, client, err)
			continue
		}
		client.Close()
	}
	for _, text := range []string{
		"h:6379", "http://h", "redis://:hunter2@h:x", "redis://h/x", "redis://h?wrong=1",
		"redis://h?addr=h:2&wrong=1", "redis://h?master_name=m&wrong=1", "redis://:hunter2%zz@h", "redis://:hunter2@h:x?addr=y",
	} {
		if _, err := Open(t.Context(), text, discard); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func isType[T any](client redis.UniversalClient) bool {
	_, ok := client.(T)
	return ok
}

// freePort returns a port of loopback that nobody uses now.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// TestCluster runs against a cluster of one node that holds every slot.
func TestCluster(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	startProcess(t, "--port", port, "--bind", "127.0.0.1", "--cluster-enabled", "yes", "--cluster-port", freePort(t),
		"--save", "", "--dir", t.TempDir())
	address := "127.0.0.1:" + port
	node := redis.NewClient(&redis.Options{Addr: address})
	t.Cleanup(func() { node.Close() })
	if err := node.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the cluster is up", func() bool {
		return strings.Contains(node.ClusterInfo(t.Context()).Val(), "cluster_state:ok")
	})
	together(t, func(t *testing.T) *Ephemeral {
		e := openFor(t, "redis://"+address+"?addr="+address, &logBook{})
		healthIsGood(t, e)
		return e
	})
}

// TestSentinel finds the server through a sentinel that watches it.
func TestSentinel(t *testing.T) {
	t.Parallel()
	dir, port, watcher := t.TempDir(), freePort(t), freePort(t)
	startProcess(t, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", dir)
	settings := filepath.Join(dir, "sentinel.conf")
	text := "port " + watcher + "\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 " + port + " 1\n"
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	startProcess(t, settings, "--sentinel")
	together(t, func(t *testing.T) *Ephemeral {
		e := openFor(t, "redis://127.0.0.1:"+watcher+"?master_name=main", &logBook{})
		eventually(t, "the sentinel leads to the server", func() bool { return e.Health(t.Context()) == nil })
		return e
	})
}
