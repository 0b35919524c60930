package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"drawbridge/internal/testenv"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "drawbridge-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "drawbridge")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the program: %v\n%s", err, output)
		return 1
	}
	return m.Run()
}

// Nothing that is started here takes longer, on the slowest machine.
const patience = 2 * time.Minute

// installation is one database and its settings, as a person at a shell has it.
type installation struct {
	t   testing.TB
	dir string
	env []string
}

// newInstallation has nothing in its environment but what is given, and its data
// in a directory of its own.
func newInstallation(t testing.TB, env ...string) installation {
	t.Helper()
	dir := t.TempDir()
	base := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "DRAWBRIDGE_DATA_DIR=" + filepath.Join(dir, "data")}
	return installation{t, dir, append(base, env...)}
}

// with returns the same installation with more in its environment.
func (i installation) with(env ...string) installation {
	i.env = append(i.env[:len(i.env):len(i.env)], env...)
	return i
}

// file writes a file and returns its path.
func (i installation) file(name, content string) string {
	i.t.Helper()
	path := filepath.Join(i.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		i.t.Fatal(err)
	}
	return path
}

type result struct {
	code      int
	out, errs string
}

func (i installation) command(ctx context.Context, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, binary, args...)
	command.Dir, command.Env = i.dir, i.env
	return command
}

// run runs one command to its end, without a terminal.
func (i installation) run(args ...string) result {
	i.t.Helper()
	return i.typing("", args...)
}

// typing is run with something on standard input.
func (i installation) typing(text string, args ...string) result {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(i.t.Context(), patience)
	defer cancel()
	command := i.command(ctx, args...)
	var out, errs bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(text), &out, &errs
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		i.t.Fatalf("%q: %v", args, err)
	}
	return result{command.ProcessState.ExitCode(), out.String(), errs.String()}
}

// ok runs a command that must succeed in silence but for its answer.
func (i installation) ok(args ...string) string {
	i.t.Helper()
	r := i.run(args...)
	if r.code != 0 || r.errs != "" {
		i.t.Fatalf("%q exits with %d and says %q", args, r.code, r.errs)
	}
	return r.out
}

// json runs a command that must succeed and decodes its answer, which must be
// one JSON value with no key that the test does not know.
func (i installation) json(into any, args ...string) {
	i.t.Helper()
	out := i.ok(append(args, "--json")...)
	decoder := json.NewDecoder(strings.NewReader(out))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		i.t.Fatalf("%q answers %s: %v", args, out, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		i.t.Fatalf("%q answers more than one JSON value: %s", args, out)
	}
}

// fails runs a command that must fail with code, say why in one line on standard
// error, and print nothing else.
func (i installation) fails(code int, say string, args ...string) {
	i.t.Helper()
	r := i.run(args...)
	if r.code != code || r.out != "" {
		i.t.Errorf("%q exits with %d, want %d, and prints %q", args, r.code, code, r.out)
	}
	if !strings.HasPrefix(r.errs, "drawbridge: ") || strings.Count(r.errs, "\n") != 1 || !strings.HasSuffix(r.errs, "\n") {
		i.t.Errorf("%q says %q, want one line", args, r.errs)
	}
	if !strings.Contains(r.errs, say) {
		i.t.Errorf("%q says %q, want %q in it", args, r.errs, say)
	}
}

// server is a process that runs beside the test.
type server struct {
	t       testing.TB
	command *exec.Cmd
	ended   chan struct{}
	err     error         // of its end
	out     *bytes.Buffer // what it printed on the watched stream; read after its end
}

// start runs a command that goes on, until it prints a line with the sign that it
// is ready on the stream that is watched.
func (i installation) start(watched func(*exec.Cmd) (io.ReadCloser, error), sign string, args ...string) *server {
	i.t.Helper()
	s := &server{t: i.t, command: i.command(context.Background(), args...), ended: make(chan struct{}), out: &bytes.Buffer{}}
	stream, err := watched(s.command)
	if err != nil {
		i.t.Fatal(err)
	}
	if err := s.command.Start(); err != nil {
		i.t.Fatal(err)
	}
	ready := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(stream)
		for lines.Scan() {
			s.out.WriteString(lines.Text() + "\n")
			if strings.Contains(lines.Text(), sign) {
				ready <- true
			}
		}
		close(ready)
		s.err = s.command.Wait()
		close(s.ended)
	}()
	i.t.Cleanup(func() {
		_ = s.command.Process.Kill() // it may have ended well
		<-s.ended
	})
	select {
	case is := <-ready:
		if !is {
			i.t.Fatalf("%q ended before it was ready: %s", args, s.out)
		}
	case <-time.After(patience):
		i.t.Fatalf("%q is not ready", args)
	}
	return s
}

// stop asks the process to end and checks that it does so well.
func (s *server) stop(signal os.Signal) {
	s.t.Helper()
	if err := s.command.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.ended:
		if s.err != nil {
			s.t.Errorf("after %s the process ends with %v: %s", signal, s.err, s.out)
		}
	case <-time.After(patience):
		s.t.Errorf("after %s the process does not end", signal)
	}
}

// serve runs the bridge on the installation.
func (i installation) serve() *server {
	i.t.Helper()
	return i.start((*exec.Cmd).StderrPipe, `"msg":"serving"`, "serve")
}

// onFreePort returns the setting of a loopback address that nobody else uses, and
// the URL of it.
func onFreePort(t testing.TB) (env, url string) {
	t.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", testenv.FreePort(t))
	return "DRAWBRIDGE_LISTEN=" + address, "http://" + address
}

// statusOf fetches a page with a fresh browser, which keeps cookies.
func statusOf(t testing.TB, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Client{Jar: jar, Timeout: patience}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

func TestServeStopsGracefully(t *testing.T) {
	t.Parallel()
	listen, url := onFreePort(t)
	i := newInstallation(t, listen)
	i.fails(exitFailure, "start `drawbridge serve`", "healthcheck")
	s := i.serve()

	var health healthView
	i.json(&health, "healthcheck")
	if health.Status != "ok" || health.URL != url+"/healthz" {
		t.Errorf("healthcheck answers %+v", health)
	}
	i.fails(exitFailure, "is taken", "serve")
	s.stop(syscall.SIGTERM)
	i.fails(exitFailure, "no server answers", "healthcheck")
}

func TestDemoShowsWhatToTry(t *testing.T) {
	t.Parallel()
	listen, url := onFreePort(t)
	i := newInstallation(t, listen)
	s := i.start((*exec.Cmd).StdoutPipe, "Ctrl-C", "demo")
	if status := statusOf(t, url+"/login"); status != http.StatusOK {
		t.Errorf("the sign-in page answers %d", status)
	}
	s.stop(os.Interrupt)
	for _, want := range []string{url, "Acme", "25 people", "ada.lovelace@acme.example"} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("the demo does not print %q: %s", want, s.out)
		}
	}
	left, err := filepath.Glob(filepath.Join(i.dir, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the demo leaves %q behind", left)
	}
}
