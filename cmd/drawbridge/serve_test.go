package main

import (
	"bufio"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// starting runs `serve` and returns what it writes to standard error up to the
// line that says that it serves.
func (i installation) starting() (lines []string, stop func()) {
	i.t.Helper()
	command := i.command(i.t.Context(), "serve")
	stream, err := command.StderrPipe()
	if err != nil {
		i.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		i.t.Fatal(err)
	}
	in := bufio.NewScanner(stream)
	for in.Scan() {
		lines = append(lines, in.Text())
		if strings.Contains(in.Text(), `"msg":"serving"`) {
			break
		}
	}
	return lines, func() {
		i.t.Helper()
		if err := command.Process.Signal(syscall.SIGTERM); err != nil {
			i.t.Fatal(err)
		}
		for in.Scan() {
			lines = append(lines, in.Text())
		}
		if err := command.Wait(); err != nil {
			i.t.Errorf("it ends with %v: %q", err, lines)
		}
	}
}

var setupLine = regexp.MustCompile(`^Nothing is set up yet\. Open this link, good once until \d{4}-\d\d-\d\d \d\d:\d\d UTC: (\S+)$`)

// TestServeTellsTheSetupLink: there is no default password anywhere. Whoever
// starts the bridge for the first time gets a link, on a line that is no log.
func TestServeTellsTheSetupLink(t *testing.T) {
	t.Parallel()
	listen, url := onFreePort(t)
	i := newInstallation(t, listen)
	lines, stop := i.starting()
	first := setupLine.FindStringSubmatch(lines[0])
	if first == nil || !strings.HasPrefix(first[1], url+"/setup?token=dblnk_") {
		t.Fatalf("it says %q", lines)
	}
	for range 2 { // opening uses nothing up
		if status := statusOf(t, first[1]); status != http.StatusOK {
			t.Errorf("the link answers %d", status)
		}
	}
	stop()
	_, token, _ := strings.Cut(first[1], "token=")
	for _, line := range lines[1:] {
		if strings.Contains(line, token) {
			t.Errorf("the log has the link: %s", line)
		}
	}

	lines, stop = i.starting()
	if second := setupLine.FindStringSubmatch(lines[0]); second == nil || second[1] == first[1] {
		t.Errorf("the next start says %q", lines)
	}
	if status := statusOf(t, first[1]); status != http.StatusGone {
		t.Errorf("the link of the start before answers %d", status)
	}
	i.ok("workspace", "create", "--name", "Acme", "--admin-email", "owner@acme.example")
	stop()

	lines, stop = i.starting()
	stop()
	for _, line := range lines {
		if strings.Contains(line, "/setup") {
			t.Errorf("of what is set up it says %s", line)
		}
	}
}
