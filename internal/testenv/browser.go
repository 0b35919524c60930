package testenv

import (
	"os"
	"testing"
)

// Chromium returns the path of a Chromium.
func Chromium(t testing.TB) string {
	t.Helper()
	return required(t, "chromium", chromiumVariable)
}

// Axe returns the path of axe-core's script.
func Axe(t testing.TB) string {
	t.Helper()
	return required(t, "axe", axeVariable)
}

// Screenshots is the directory in which browser tests keep pictures of every page, "" where they keep none.
func Screenshots() string { return os.Getenv("DRAWBRIDGE_TEST_SCREENSHOTS") }
