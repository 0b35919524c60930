package web

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestServerCutsOffWhatOutlivesTheGrace(t *testing.T) {
	t.Parallel()
	listener, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cutOff := make(chan struct{})
	server := NewServer(listener, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
		close(cutOff)
	}), slog.New(slog.DiscardHandler))
	server.grace = time.Millisecond
	conn, err := net.Dial("tcp", server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := server.Run(ctx); err == nil || !strings.Contains(err.Error(), "cut off after 1ms") {
		t.Errorf("stopped with %v", err)
	}
	<-cutOff
}
