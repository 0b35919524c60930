package secret

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCommon(t *testing.T) {
	t.Parallel()
	p := cheap(1)
	for _, password := range []string{"password1", "PassWord1", "1q2w3e4r5t6y", "QWERTY123456", "administrator", "motherfucker", "!qaz2wsx"} {
		if !p.Common(password) {
			t.Errorf("%s is not common", password)
		}
	}
	for _, password := range []string{
		"", "correct horse battery staple", "password1 ", "#: Passwords that everybody tries first", strings.Repeat("password", 1<<20), "\xff\xfe",
	} {
		if p.Common(password) {
			t.Errorf("%.40q is common", password)
		}
	}
}

// TestASVS6_2_4: the list has at least the 3,000 most common passwords of each
// length that can be asked for up to the default.
func TestASVS6_2_4_CommonListIsLongEnough(t *testing.T) {
	t.Parallel()
	list := commonList()
	long := 0
	for i, password := range list {
		if foldPassword(password) != password || utf8.RuneCountInString(password) < 8 || strings.TrimSpace(password) == "" {
			t.Errorf("%q can never be found or set", password)
		}
		if i > 0 && list[i-1] >= password {
			t.Errorf("%q stands behind %q", password, list[i-1])
		}
		if utf8.RuneCountInString(password) >= 12 {
			long++
		}
	}
	if len(list) < 20_000 || long < 3_000 {
		t.Errorf("%d passwords, %d of at least 12 characters", len(list), long)
	}
}
