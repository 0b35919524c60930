package testenv

import (
	"net"
	"os"
	"slices"
	"strings"
	"testing"
)

// The variables that scripts/with-services.sh sets.
const (
	postgresVariable     = "DRAWBRIDGE_TEST_POSTGRES_URL"
	redisVariable        = "DRAWBRIDGE_TEST_REDIS_URL"
	oidcProviderVariable = "DRAWBRIDGE_TEST_OIDC_PROVIDER_DIR"
	chromiumVariable     = "DRAWBRIDGE_TEST_CHROMIUM"
	axeVariable          = "DRAWBRIDGE_TEST_AXE"
	leftOutVariable      = "DRAWBRIDGE_TEST_LEFT_OUT"
)

// Redis returns the URL of a Redis that this run of the tests has for itself. All tests of the run share it: a
// test that needs keys of its own names them apart.
func Redis(t testing.TB) string {
	t.Helper()
	return required(t, "redis", redisVariable)
}

// FreePort returns a loopback TCP port on which nothing listens at that moment. Prefer listening on port 0 and
// asking for the address: between this call and the use of the port somebody else may take it.
func FreePort(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("finding a free port: %v", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// required returns the value of a variable that scripts/with-services.sh sets for the named service.
func required(t testing.TB, service, variable string) string {
	t.Helper()
	verdict, reason := available(service, variable, os.Getenv)
	switch verdict {
	case present:
		return os.Getenv(variable)
	case leftOut:
		t.Skip(reason)
	case absent:
		t.Fatal(reason)
	}
	return ""
}

// verdict says whether a test can have a service.
type verdict int

const (
	absent verdict = iota
	leftOut
	present
)

func available(service, variable string, getenv func(string) string) (verdict, string) {
	announced := slices.Contains(strings.Fields(getenv(leftOutVariable)), service)
	switch {
	case getenv(variable) != "":
		return present, ""
	case announced && getenv("CI") != "true":
		return leftOut, "left out: this machine has no " + service + " and it could not be installed"
	default:
		return absent, variable + " is not set: run the tests through `make test`, or one command through scripts/with-services.sh"
	}
}
