package secret

import (
	_ "embed" // the list
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"
)

// commonText says in its head where it comes from, one password a line in the
// order of bytes.
//
//go:embed common.txt
var commonText string

// commonList is only read once somebody sets a password.
var commonList = sync.OnceValue(func() []string {
	return slices.DeleteFunc(strings.Split(commonText, "\n"), func(line string) bool {
		return line == "" || strings.HasPrefix(line, commentMark)
	})
})

// commentMark begins the lines of the head.
const commentMark = "#:"

// Common reports whether the password, whatever its case, is among those that
// are tried first: the list that OWASP ASVS 5.0 asks for in 6.2.4.
func (*Passwords) Common(password string) bool {
	if len(password) > maxPassword {
		return false
	}
	_, found := slices.BinarySearch(commonList(), foldPassword(password))
	return found
}

func foldPassword(password string) string { return strings.ToLower(norm.NFC.String(password)) }
