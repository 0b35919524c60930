package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

type healthcheckCommand struct{}

// healthTimeout is shorter than what containers give a check.
const healthTimeout = 3 * time.Second

// healthView is the answer of `healthcheck`.
type healthView struct {
	URL    string `json:"url"`
	Status string `json:"status"`
}

func (healthcheckCommand) Run(ctx context.Context, sh *shell) error {
	c, err := sh.load()
	if err != nil {
		return err
	}
	url := "http://" + dialable(c.Listen) + "/healthz"
	if err := askHealth(ctx, url); err != nil {
		return err
	}
	return sh.show(healthView{url, "ok"}, "ok\n")
}

// dialable is the address at which a listener is reached from its own machine.
func dialable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "", err == nil && ip.IsUnspecified() && ip.Is4():
		host = "127.0.0.1"
	case err == nil && ip.IsUnspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, port)
}

func askHealth(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	// No proxy and no redirect: this machine alone is asked.
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return fmt.Errorf("no server answers at %s: start `drawbridge serve`, or look at its log", url)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the server at %s answers %s: look at its log", url, answer.Status)
	}
	return nil
}
