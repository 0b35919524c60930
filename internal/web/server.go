package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Limits of the server. The read and write timeouts leave room for the largest SCIM body on a slow line; a handler
// that streams for longer moves its own deadline with [http.ResponseController].
const (
	headerTimeout  = 10 * time.Second
	readTimeout    = 2 * time.Minute
	writeTimeout   = 3 * time.Minute
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
	shutdownGrace  = 20 * time.Second
)

// Server serves one handler on one listener until it is told to stop.
type Server struct {
	http     *http.Server
	listener net.Listener
	log      *slog.Logger
	grace    time.Duration
}

// Listen opens a TCP listener on addr ("host:port"). Its errors are sentences for the operator.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	switch {
	case err == nil:
		return listener, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("the address %s is taken: stop the program that uses it or choose another with --listen", addr)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s: choose a port above 1023 with --listen", addr)
	default:
		return nil, fmt.Errorf("cannot listen on %q, give host:port with --listen: %w", addr, err)
	}
}

// NewServer makes a server for a listener that it owns from now on. Headers may take 10 s and 64 kB, a kept
// connection may idle for 120 s.
func NewServer(listener net.Listener, handler http.Handler, log *slog.Logger) *Server {
	return &Server{
		listener: listener,
		log:      log,
		grace:    shutdownGrace,
		http: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: headerTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		},
	}
}

// Addr is the address on which the server listens, with the port that was really taken.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Run serves until ctx ends, then refuses new connections and lets running requests finish for at most 20 s. It
// returns nil after a clean stop and an error when serving failed or requests had to be cut off.
func (s *Server) Run(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(s.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", s.listener.Addr(), err)
	case <-ctx.Done():
	}
	err := s.stop(context.WithoutCancel(ctx))
	if failure := <-failed; !errors.Is(failure, http.ErrServerClosed) {
		return errors.Join(err, fmt.Errorf("serve on %s: %w", s.listener.Addr(), failure))
	}
	return err
}

func (s *Server) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.grace)
	defer cancel()
	s.log.InfoContext(ctx, "stopping", "listen", s.listener.Addr().String(), "grace_s", s.grace.Seconds())
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close() // what is still open has had its time
		return fmt.Errorf("requests were cut off after %s: %w", s.grace, err)
	}
	return nil
}
