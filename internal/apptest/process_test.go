package apptest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"drawbridge/config"
	"drawbridge/internal/app"
	"drawbridge/internal/apptest"
	"drawbridge/internal/chromium"
	"drawbridge/internal/sqlstore"
	"drawbridge/internal/testenv"
	"drawbridge/provisioning"
)

// program is the built binary, for tests of what becomes of data when a process
// ends.
var program struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	chromium.Stop()
	if program.dir != "" {
		_ = os.RemoveAll(program.dir)
	}
	os.Exit(code)
}

func programPath(t testing.TB) string {
	t.Helper()
	program.once.Do(func() {
		if program.dir, program.err = os.MkdirTemp("", "drawbridge-apptest-"); program.err != nil {
			return
		}
		build := exec.Command("go", "build", "-o", program.dir, "drawbridge/cmd/drawbridge")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if output, err := build.CombinedOutput(); err != nil {
			program.err = fmt.Errorf("building the program: %w\n%s", err, output)
		}
	})
	if program.err != nil {
		t.Fatal(program.err)
	}
	return filepath.Join(program.dir, "drawbridge")
}

// installation is what outlives a process: database, settings and address.
type installation struct {
	settings map[string]string
	url      string
}

func newInstallation(t testing.TB, e apptest.Engine) installation {
	t.Helper()
	listen := fmt.Sprintf("127.0.0.1:%d", testenv.FreePort(t))
	return installation{map[string]string{
		"listen": listen, "data_dir": t.TempDir(), "database_url": e.Database(t), "redis_url": e.Redis(t),
		"secret_key": apptest.SecretKey, "log_format": "json",
	}, "http://" + listen}
}

// withSite does something to the database while no server runs on it. The first
// time it makes the workspace acme.
func (i installation) withSite(t testing.TB, fn func(*site)) {
	t.Helper()
	c, err := config.Load(config.Sources{Flags: i.settings})
	if err != nil {
		t.Fatal(err)
	}
	core, err := app.Open(t.Context(), c, slog.New(slog.DiscardHandler), sqlstore.MigrateUp)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := core.Close(); err != nil {
			t.Error(err)
		}
	}()
	b := &apptest.Bridge{App: &app.App{Core: core}, URL: i.url}
	ws, err := core.Service.FindWorkspace(t.Context(), "acme")
	switch {
	case errors.Is(err, provisioning.ErrNotFound):
		fn(newSite(t, b, "acme"))
	case err != nil:
		t.Fatal(err)
	default:
		fn(&site{Bridge: b, ws: ws, domain: "acme.example"})
	}
}

// process is a server on an installation.
type process struct {
	t       testing.TB
	command *exec.Cmd
	ended   chan error
	said    *logBuffer
}

func (i installation) command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.Command(programPath(t), args...)
	command.Dir = i.settings["data_dir"]
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + command.Dir}
	for key, value := range i.settings {
		command.Env = append(command.Env, "DRAWBRIDGE_"+strings.ToUpper(key)+"="+value)
	}
	return command
}

// serve starts a server and waits until it serves.
func (i installation) serve(t testing.TB) *process {
	t.Helper()
	p := &process{t: t, command: i.command(t, "serve"), ended: make(chan error, 1), said: &logBuffer{}}
	stream, err := p.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.command.Process.Kill() })
	serving := make(chan struct{})
	go p.read(bufio.NewScanner(stream), serving)
	select {
	case <-serving:
	case err := <-p.ended:
		t.Fatalf("the server ended with %v: %s", err, p.said)
	case <-time.After(patience):
		t.Fatalf("the server does not serve: %s", p.said)
	}
	return p
}

func (p *process) read(lines *bufio.Scanner, serving chan<- struct{}) {
	for lines.Scan() {
		_, _ = p.said.Write(append(lines.Bytes(), '\n'))
		if strings.Contains(lines.Text(), `"msg":"serving"`) {
			close(serving)
		}
	}
	p.ended <- p.command.Wait()
}

// signal sends a signal to the process.
func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.command.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// wait returns how the process ended.
func (p *process) wait() error {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	select {
	case err := <-p.ended:
		return err
	case <-ctx.Done():
		p.t.Fatalf("the server does not end: %s", p.said)
		return nil
	}
}

// stop asks the process to end and checks that it ends well.
func (p *process) stop() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	if err := p.wait(); err != nil {
		p.t.Errorf("the server ends with %v: %s", err, p.said)
	}
}
