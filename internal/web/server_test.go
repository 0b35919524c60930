package web_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"drawbridge/internal/web"
)

func startServer(t *testing.T, h http.Handler) (addr string, stop func() error) {
	t.Helper()
	listener, err := web.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := web.NewServer(listener, h, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(cancel)
	return server.Addr().String(), func() error {
		cancel()
		return <-done
	}
}

func TestServerFinishesRequestsBeforeItStops(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	addr, stop := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		_, _ = io.WriteString(w, "finished")
	}))
	body := make(chan string, 1)
	go func() {
		body <- fetch(addr)
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	waitRefused(t, addr)
	close(release)
	if got := <-body; got != "finished" {
		t.Errorf("answered %q", got)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stopped with %v", err)
	}
}

func fetch(addr string) string {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + addr)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}

// waitRefused returns once the server accepts no new connection.
func waitRefused(t *testing.T, addr string) {
	t.Helper()
	for range 100_000 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		_ = conn.Close()
	}
	t.Error("the server still accepts connections")
}

func TestServerRefusesHugeHeaders(t *testing.T) {
	t.Parallel()
	addr, stop := startServer(t, http.NotFoundHandler())
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		_, _ = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Huge: %s\r\n\r\n", strings.Repeat("x", 80<<10))
	}()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", answer.StatusCode)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	taken, err := web.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for addr, want := range map[string]string{
		taken.Addr().String(): "is taken",
		"127.0.0.1:99999":     "give host:port",
		"8080":                "give host:port",
	} {
		_, err := web.Listen(t.Context(), addr)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--listen") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

func TestServerReportsAListenerThatFails(t *testing.T) {
	t.Parallel()
	listener, err := web.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	server := web.NewServer(listener, http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if err := server.Run(t.Context()); err == nil {
		t.Error("no error")
	}
}
