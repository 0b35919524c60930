package drawbridge_test

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"drawbridge/config"
)

// documents returns the text of each page in Markdown, by its path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir("docs", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".md") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	texts := make(map[string]string, len(paths))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = string(text)
	}
	return texts
}

var markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinksOfDocumentsLeadSomewhere(t *testing.T) {
	t.Parallel()
	for path, text := range documents(t) {
		for _, link := range markdownLink.FindAllStringSubmatch(text, -1) {
			target, _, _ := strings.Cut(link[1], "#")
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), target)); err != nil {
				t.Errorf("%s links to %s: %v", path, target, err)
			}
		}
	}
}

func TestArchitectureNamesEveryRoom(t *testing.T) {
	t.Parallel()
	text := documents(t)["docs/architecture.md"]
	for room := range rooms {
		if _, err := os.Stat(room); err == nil && !strings.Contains(text, room) {
			t.Errorf("docs/architecture.md does not name %s", room)
		}
	}
}

func TestOperationsNameEverySetting(t *testing.T) {
	t.Parallel()
	text := documents(t)["docs/operations.md"]
	for _, flag := range config.Flags() {
		if !strings.Contains(text, "`"+flag.Env+"`") {
			t.Errorf("docs/operations.md does not name %s", flag.Env)
		}
	}
}

var (
	helpLine     = regexp.MustCompile(`(?m)^  ([a-z-]+(?: [a-z-]+)*)  +\S`)
	namedCommand = regexp.MustCompile("(?:^|[`/ ])drawbridge ([a-z][a-z-]*(?: [a-z][a-z-]*){0,2})")
)

// commands returns the commands that the program itself lists.
func commands(t *testing.T) []string {
	t.Helper()
	help, err := exec.CommandContext(t.Context(), "go", "run", "./cmd/drawbridge", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(help), "\nCommands:\n")
	var found []string
	for _, line := range helpLine.FindAllStringSubmatch(list, -1) {
		found = append(found, line[1])
	}
	if len(found) == 0 {
		t.Fatal("the program lists no commands")
	}
	return found
}

func TestDocumentsNameTheCommandsThatThereAre(t *testing.T) {
	t.Parallel()
	known, texts := commands(t), documents(t)
	for _, command := range known {
		if !strings.Contains(texts["docs/operations.md"], "`"+command+"`") {
			t.Errorf("docs/operations.md does not name the command %s", command)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(texts)) {
		for line := range strings.Lines(texts[path]) {
			for _, named := range namedCommand.FindAllStringSubmatch(line, -1) {
				if isCode(line, named[0]) && !startsWithAny(named[1], known) {
					t.Errorf("%s names a command that there is not: drawbridge %s", path, named[1])
				}
			}
		}
	}
}

// isCode tells what is to be typed from prose about Drawbridge, which begins
// with a capital letter.
func isCode(line, named string) bool {
	return strings.HasPrefix(named, "`") || strings.HasPrefix(named, "/") || strings.HasPrefix(line, "drawbridge ") || strings.HasPrefix(line, "$ ")
}

// startsWithAny reports whether the words begin with a whole command.
func startsWithAny(words string, known []string) bool {
	return slices.ContainsFunc(known, func(command string) bool {
		return words == command || strings.HasPrefix(words+" ", command+" ")
	})
}

var namedTest = regexp.MustCompile("`(Test[A-Za-z0-9_]+)`")

// TestSecurityNamesTestsThatThereAre keeps a requirement from leaning on a test that was renamed or removed.
func TestSecurityNamesTestsThatThereAre(t *testing.T) {
	t.Parallel()
	written := make(map[string]bool)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			written[found[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := namedTest.FindAllStringSubmatch(documents(t)["docs/security.md"], -1)
	if len(named) == 0 {
		t.Fatal("docs/security.md names no test")
	}
	for _, name := range named {
		if !written[name[1]] {
			t.Errorf("docs/security.md names %s, which there is not", name[1])
		}
	}
}
