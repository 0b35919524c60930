package app

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"drawbridge/config"
	"drawbridge/provisioning"
)

// Finding is one thing that the doctor looked at.
type Finding struct {
	Check  string `json:"check"`
	Status string `json:"status"` // ok, warning or fault
	Detail string `json:"detail"`
}

// Statuses of findings.
const (
	StatusOK      = "ok"
	StatusWarning = "warning"
	StatusFault   = "fault"
)

// Doctor looks at everything that it can, and goes on after a fault.
func (c *Core) Doctor(ctx context.Context) []Finding {
	findings := []Finding{{"configuration", StatusOK, "The configuration is complete."}}
	findings = append(findings, c.examineDatabase(ctx), c.examineRedis(ctx), c.examineMail(ctx), c.examineClock(ctx), c.examineSettings())
	workspaces, err := c.Service.Workspaces(ctx)
	if err != nil {
		return findings
	}
	for _, w := range workspaces {
		findings = append(findings, c.examineIssuers(ctx, w)...)
		findings = append(findings, c.examineTokens(ctx, w)...)
		findings = append(findings, c.examineResolve(ctx, w))
	}
	return findings
}

func (c *Core) examineDatabase(ctx context.Context) Finding {
	status, err := c.Store.Schema(ctx)
	switch {
	case err != nil:
		return Finding{"database", StatusFault, "The database cannot be read: " + err.Error()}
	case status.Pending > 0:
		return Finding{"database", StatusFault, fmt.Sprintf("%d migrations wait: run `drawbridge migrate up`.", status.Pending)}
	}
	return Finding{"database", StatusOK, fmt.Sprintf("%s, schema version %d.", c.Config.Engine(), status.Current)}
}

func (c *Core) examineRedis(ctx context.Context) Finding {
	if c.Config.RedisURL == "" {
		if c.Config.Engine() == config.PostgreSQL {
			return Finding{"redis", StatusWarning, "None is configured: each replica counts requests for itself."}
		}
		return Finding{"redis", StatusOK, "None is configured, and one process needs none."}
	}
	if err := c.Ephemeral.Health(ctx); err != nil {
		return Finding{"redis", StatusFault, "Redis does not answer; sign-in and revocation work without it, rates are counted by each replica."}
	}
	return Finding{"redis", StatusOK, "Redis answers."}
}

// clockTolerance is what ID tokens are given, too.
const clockTolerance = 60 * time.Second

func (c *Core) examineClock(ctx context.Context) Finding {
	var off time.Duration
	err := c.Store.View(ctx, func(tx *provisioning.Tx) error {
		off = time.Since(tx.Now()).Abs()
		return nil
	})
	switch {
	case err != nil:
		return Finding{"clock", StatusFault, "The clock of the database cannot be read."}
	case off > clockTolerance:
		return Finding{"clock", StatusFault, fmt.Sprintf("This machine and the database differ by %s: sign-ins will fail. Set the clocks by NTP.", off.Round(time.Second))}
	}
	return Finding{"clock", StatusOK, "This machine and the database agree."}
}

func (c *Core) examineSettings() Finding {
	var risks []string
	if c.Config.AllowPrivateIssuers {
		risks = append(risks, "issuers on private addresses are allowed")
	}
	if c.Config.PublicURL.Scheme != "https" {
		risks = append(risks, "the public URL is plain http, which browsers take for loopback only")
	}
	if c.Config.CookieDomain != "" {
		risks = append(risks, "every host below "+c.Config.CookieDomain+" receives session cookies")
	}
	if c.Config.SCIMRate == 0 {
		risks = append(risks, "directories may send without a rate limit")
	}
	if !loopback(c.Config.PublicURL) && len(c.Config.TrustedProxies) == 0 {
		risks = append(risks, "no proxy is trusted, so all requests seem to come from the one that ends TLS")
	}
	if found, err := os.Stat(config.SecretKeyFile(c.Config)); err == nil && found.Mode().Perm()&0o077 != 0 {
		risks = append(risks, config.SecretKeyFile(c.Config)+" can be read by others: chmod 600")
	}
	if len(risks) == 0 {
		return Finding{"settings", StatusOK, "No risky settings."}
	}
	return Finding{"settings", StatusWarning, strings.Join(risks, "; ") + "."}
}

func loopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *Core) examineIssuers(ctx context.Context, w provisioning.Workspace) []Finding {
	connections, err := c.Service.Connections(ctx, w.ID)
	if err != nil {
		return []Finding{{"issuer", StatusFault, "The connections of " + w.Slug + " cannot be read."}}
	}
	var findings []Finding
	for _, connection := range connections {
		if !connection.Enabled() {
			continue
		}
		name := w.Slug + ", " + connection.Name + ": "
		if err := c.Service.CheckConnection(ctx, connection); err != nil {
			findings = append(findings, Finding{"issuer", StatusFault, name + orText(provisioning.Detail(err), "the provider cannot be asked.")})
			continue
		}
		findings = append(findings, Finding{"issuer", StatusOK, name + "discovery of " + connection.Issuer + " answers."})
	}
	return findings
}

// tokenWarning is how long before its end a token is spoken of.
const tokenWarning = 30 * 24 * time.Hour

func (c *Core) examineTokens(ctx context.Context, w provisioning.Workspace) []Finding {
	directories, err := c.Service.Directories(ctx, w.ID)
	if err != nil {
		return []Finding{{"tokens", StatusFault, "The directories of " + w.Slug + " cannot be read."}}
	}
	var findings []Finding
	for _, d := range directories {
		tokens, err := c.Service.Tokens(ctx, w.ID, d.ID)
		if err != nil {
			return append(findings, Finding{"tokens", StatusFault, "The tokens of " + d.Name + " cannot be read."})
		}
		findings = append(findings, examineTokensOf(w, d, tokens, time.Now()))
	}
	return findings
}

func examineTokensOf(w provisioning.Workspace, d provisioning.Directory, tokens []provisioning.DirectoryToken, now time.Time) Finding {
	name := w.Slug + ", " + d.Name + ": "
	var last time.Time
	live := 0
	for _, t := range tokens {
		if t.Live(now) {
			live++
			if t.ExpiresAt.After(last) {
				last = t.ExpiresAt
			}
		}
	}
	switch {
	case live == 0:
		return Finding{"tokens", StatusWarning, name + "no live token, so nothing can be pushed."}
	case last.Sub(now) < tokenWarning:
		return Finding{"tokens", StatusWarning, name + "the last live token ends on " + last.Format(time.DateOnly) + ". Make a new one and paste it into the identity provider."}
	}
	return Finding{"tokens", StatusOK, fmt.Sprintf("%s%d live, the last until %s.", name, live, last.Format(time.DateOnly))}
}

func (c *Core) examineResolve(ctx context.Context, w provisioning.Workspace) Finding {
	r, err := c.Service.CheckResolve(ctx, w.ID)
	switch {
	case err != nil:
		return Finding{"resolve", StatusFault, w.Slug + ": memberships cannot be resolved again: " + err.Error()}
	case r.Different > 0:
		return Finding{"resolve", StatusFault, fmt.Sprintf("%s: resolving again would change %d memberships of %d users.", w.Slug, r.Different, r.Users)}
	}
	return Finding{"resolve", StatusOK, fmt.Sprintf("%s: resolving %d users again changes nothing.", w.Slug, r.Users)}
}

func orText(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}
