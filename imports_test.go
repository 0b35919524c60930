package drawbridge_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "drawbridge"

// room is what one package of the module may import beside the standard library and golang.org/x/sync. A library
// stands behind the rooms that name it and nobody else, the wiring included. A name ending in "/..." stands for
// everything below it, too.
type room struct {
	ours      []string // packages of this module, without its name; "*" for every room that is not for tests
	libraries []string
	forTests  bool // no package of the product may import it
}

// faceRooms is what every face may import: the domain and what the faces share. One face never imports another.
var faceRooms = []string{"provisioning", "internal/egress", "internal/ephemeral", "internal/web"}

// rooms is the import table of the design. A package that it does not name is a failure: it comes into the table
// first.
var rooms = map[string]room{
	"cmd/drawbridge": {
		ours:      []string{"config", "internal/app", "internal/oktasim", "provisioning"},
		libraries: []string{"github.com/alecthomas/kong"},
	},
	"config":       {libraries: []string{"github.com/goccy/go-yaml/..."}},
	"provisioning": {},
	"scim": {
		ours: faceRooms,
		// The library's PATCH operations carry paths of its filter parser's type.
		libraries: []string{"github.com/elimity-com/scim/...", "github.com/scim2/filter-parser/v2"},
	},
	"oidc": {
		ours:      faceRooms,
		libraries: []string{"github.com/coreos/go-oidc/v3/...", "golang.org/x/oauth2/...", "github.com/go-jose/go-jose/v4/..."},
	},
	"migrations":       {libraries: []string{"github.com/pressly/goose/v3/..."}},
	"internal/app":     {ours: []string{"*"}},
	"internal/api":     {ours: faceRooms},
	"internal/console": {ours: faceRooms},
	"internal/delivery": {
		ours: []string{"provisioning", "internal/mail", "internal/egress", "internal/ephemeral"},
	},
	"internal/jobs": {
		ours: []string{"provisioning", "internal/mail", "internal/egress", "internal/ephemeral"},
	},
	"internal/egress":    {libraries: []string{"code.dny.dev/ssrf"}},
	"internal/ephemeral": {libraries: []string{"github.com/redis/go-redis/v9/...", "golang.org/x/time/rate"}},
	"internal/mail":      {libraries: []string{"github.com/wneessen/go-mail/..."}},
	"internal/secret":    {libraries: []string{"golang.org/x/crypto/argon2", "golang.org/x/text/unicode/norm"}},
	"internal/passkey":   {libraries: []string{"github.com/go-webauthn/webauthn/..."}},
	"internal/authenticator": {
		libraries: []string{"github.com/pquerna/otp/...", "github.com/boombuler/barcode/..."},
	},
	"internal/web":     {},
	"internal/oktasim": {libraries: []string{"github.com/go-jose/go-jose/v4/..."}},
	"internal/sqlstore": {
		ours:      []string{"provisioning", "migrations"},
		libraries: drivers,
	},
	"internal/apptest": {
		ours:      []string{"*", "internal/testenv"},
		libraries: append([]string{"golang.org/x/net/html"}, drivers...),
		forTests:  true,
	},
	"internal/storetest": {
		ours:      []string{"provisioning", "migrations", "internal/sqlstore", "internal/testenv"},
		libraries: append([]string{"pgregory.net/rapid"}, drivers...),
		forTests:  true,
	},
	"internal/testenv": {
		libraries: []string{"github.com/jackc/pgx/v5", "github.com/emersion/go-smtp", "github.com/emersion/go-sasl"},
		forTests:  true,
	},
	"internal/chromium": {
		ours:      []string{"internal/testenv"},
		libraries: []string{"github.com/chromedp/chromedp/...", "github.com/chromedp/cdproto/..."},
		forTests:  true,
	},
}

var drivers = []string{"github.com/jackc/pgx/v5/...", "modernc.org/sqlite/..."}

// testLibraries may be imported by every test; the drivers, so that a test can look into the database itself.
var testLibraries = append([]string{"pgregory.net/rapid", "golang.org/x/net/html/...", "golang.org/x/sync/..."}, drivers...)

// faces never import one another, not even in their tests: what one misreads the other would confirm. The
// simulator counts as one for the same reason.
var faces = []string{"scim", "oidc", "internal/console", "internal/api", "internal/oktasim"}

// goPackage is the part of what `go list -json` prints that the table is about.
type goPackage struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func TestImportsFollowTheTable(t *testing.T) {
	t.Parallel()
	for _, pkg := range listPackages(t) {
		for _, fault := range faultsOf(pkg) {
			t.Error(fault)
		}
	}
}

func TestTheTableIsEnforced(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		pkg  goPackage
		want string // empty: no fault
	}{
		"the domain imports the standard library": {pkg: goPackage{ImportPath: "drawbridge/provisioning", Imports: []string{"context", "encoding/json"}}},
		"the domain imports a library":            {goPackage{ImportPath: "drawbridge/provisioning", Imports: []string{"golang.org/x/sync/errgroup"}}, "may not import"},
		"the domain imports a room":               {goPackage{ImportPath: "drawbridge/provisioning", Imports: []string{"drawbridge/internal/web"}}, "may not import"},
		"a face imports the domain":               {pkg: goPackage{ImportPath: "drawbridge/scim", Imports: []string{"drawbridge/provisioning", "github.com/elimity-com/scim/schema"}}},
		"a face imports a face":                   {goPackage{ImportPath: "drawbridge/scim", Imports: []string{"drawbridge/oidc"}}, "may not import"},
		"a face imports the store":                {goPackage{ImportPath: "drawbridge/oidc", Imports: []string{"drawbridge/internal/sqlstore"}}, "may not import"},
		"a test of a face imports a face":         {goPackage{ImportPath: "drawbridge/scim", XTestImports: []string{"drawbridge/oidc"}}, "may not import"},
		"a test of a face imports the store":      {pkg: goPackage{ImportPath: "drawbridge/scim", XTestImports: []string{"drawbridge/internal/sqlstore", "pgregory.net/rapid"}}},
		"the wiring imports a driver":             {goPackage{ImportPath: "drawbridge/internal/app", Imports: []string{"modernc.org/sqlite"}}, "may not import"},
		"the wiring imports a room for tests":     {goPackage{ImportPath: "drawbridge/internal/app", Imports: []string{"drawbridge/internal/testenv"}}, "may not import"},
		"a name that only begins alike":           {goPackage{ImportPath: "drawbridge/internal/egress", Imports: []string{"code.dny.dev/ssrfx"}}, "may not import"},
		"a package that nobody drew":              {goPackage{ImportPath: "drawbridge/internal/helpers"}, "is not in the import table"},
		"cgo":                                     {goPackage{ImportPath: "drawbridge/internal/secret", Imports: []string{"C"}}, "uses cgo"},
		"cgo in a test":                           {goPackage{ImportPath: "drawbridge/internal/secret", TestImports: []string{"C"}}, "uses cgo"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faults := faultsOf(test.pkg)
			switch {
			case test.want == "" && len(faults) > 0:
				t.Errorf("unexpected: %q", faults)
			case test.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], test.want)):
				t.Errorf("got %q, want one fault with %q", faults, test.want)
			}
		})
	}
}

// listPackages asks go for every package of the module.
func listPackages(t *testing.T) (packages []goPackage) {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...").Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("go list: %s", failed.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var pkg goPackage
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, pkg)
	}
}

// faultsOf says in sentences what a package may not do.
func faultsOf(pkg goPackage) (faults []string) {
	name := strings.TrimPrefix(strings.TrimPrefix(pkg.ImportPath, module), "/")
	if name == "" {
		return nil // the root holds this test and nothing else
	}
	room, drawn := rooms[name]
	if !drawn {
		return []string{fmt.Sprintf("%s is not in the import table: draw it there, and in the design, first", pkg.ImportPath)}
	}
	for _, imported := range pkg.Imports {
		if fault := judge(imported, room.mayImport(name, imported)); fault != "" {
			faults = append(faults, pkg.ImportPath+" "+fault)
		}
	}
	for _, imported := range slices.Concat(pkg.TestImports, pkg.XTestImports) {
		if fault := judge(imported, room.testsMayImport(name, imported)); fault != "" {
			faults = append(faults, "a test of "+pkg.ImportPath+" "+fault)
		}
	}
	return faults
}

func judge(imported string, allowed bool) string {
	switch {
	case imported == "C":
		return "uses cgo"
	case !allowed:
		return "may not import " + imported
	default:
		return ""
	}
}

// mayImport answers for the package itself.
func (r room) mayImport(name, imported string) bool {
	ours, isOurs := strings.CutPrefix(imported, module+"/")
	switch {
	case isOurs:
		return slices.Contains(r.ours, ours) || slices.Contains(r.ours, "*") && !rooms[ours].forTests
	case isStandard(imported):
		return true
	case matches("golang.org/x/sync/...", imported):
		return name != "provisioning"
	default:
		return matchesAny(r.libraries, imported)
	}
}

// testsMayImport answers for the package's tests: real rooms instead of mocks, but no face beside another, and
// no library that stands behind another room.
func (r room) testsMayImport(name, imported string) bool {
	ours, isOurs := strings.CutPrefix(imported, module+"/")
	if isOurs {
		return ours == name || r.mayImport(name, imported) || !slices.Contains(faces, name) || !slices.Contains(faces, ours)
	}
	return r.mayImport(name, imported) || matchesAny(testLibraries, imported)
}

// isStandard: only paths of the standard library have no dot in their first element. "C" is judged before.
func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func matchesAny(patterns []string, imported string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, imported) })
}

func matches(pattern, imported string) bool {
	base, below := strings.CutSuffix(pattern, "/...")
	return imported == base || below && strings.HasPrefix(imported, base+"/")
}
