package authenticator

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// secretOfRFC is that of RFC 6238 appendix B.
var secretOfRFC = encoding.EncodeToString([]byte("12345678901234567890"))

// TestVectorsOfRFC6238 has the last six of the eight digits of appendix B.
func TestVectorsOfRFC6238(t *testing.T) {
	t.Parallel()
	for at, code := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if step, ok := (Codes{}).Step(secretOfRFC, code, time.Unix(at, 0)); !ok || step != at/30 {
			t.Errorf("%s at %d: step %d, %v", code, at, step, ok)
		}
	}
}

func TestStepTakesOneBeforeAndOneAfter(t *testing.T) {
	t.Parallel()
	const code, step = "005924", 1234567890 / 30
	for offset, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		now := time.Unix((step+offset)*30+29, 0)
		if got, ok := (Codes{}).Step(secretOfRFC, code, now); ok != want || ok && got != step {
			t.Errorf("%d steps later: step %d, %v", offset, got, ok)
		}
	}
	if got, ok := (Codes{}).Step(secretOfRFC, "755224", time.Unix(0, 0)); !ok || got != 0 {
		t.Errorf("the first step there is: %d, %v", got, ok) // RFC 4226 appendix D, counter 0
	}
}

func TestStepRefuses(t *testing.T) {
	t.Parallel()
	now := time.Unix(1234567890, 0)
	tests := map[string]struct {
		secret, code string
		want         bool
	}{
		"the code":            {secretOfRFC, "005924", true},
		"as it is shown":      {secretOfRFC, "005 924", true},
		"without a zero":      {secretOfRFC, "05924", false},
		"another code":        {secretOfRFC, "005925", false},
		"nothing":             {secretOfRFC, "", false},
		"eight digits":        {secretOfRFC, "89005924", false},
		"a megabyte":          {secretOfRFC, "005924" + strings.Repeat(" ", 1<<20), false},
		"other digits":        {secretOfRFC, "٠٠٥٩٢٤", false},
		"no secret":           {"", "005924", false},
		"a secret of nothing": {"not base 32!", "005924", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if step, ok := (Codes{}).Step(test.secret, test.code, now); ok != test.want {
				t.Errorf("step %d, %v", step, ok)
			}
		})
	}
	if _, ok := (Codes{}).Step("", "328482", now); ok {
		t.Error("a code of the empty secret is taken")
	}
}

func TestNewSecretIs160BitsThatNeverRepeat(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		secret := (Codes{}).NewSecret()
		raw, err := encoding.DecodeString(secret)
		if err != nil || len(raw) != 20 || len(secret) != 32 || seen[secret] {
			t.Fatalf("%q: %d bytes, %v", secret, len(raw), err)
		}
		seen[secret] = true
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ account, issuer, label string }{
		"plain":        {"ada@acme.example", "Drawbridge", "/Drawbridge:ada@acme.example"},
		"spaces":       {"ada@acme.example", "SOC Paris & Co", "/SOC Paris & Co:ada@acme.example"},
		"colons":       {"a:b@c.example", "x:y", "/x y:a b@c.example"},
		"breaking out": {"a&secret=AAAA@c.example", "x?y#z/../", "/x?y#z/../:a&secret=AAAA@c.example"},
		"plus and umlaut": {
			"ada+soc@bücher.example", "Café", "/Café:ada+soc@bücher.example",
		},
		"long": {
			strings.Repeat("😀", 1<<18), strings.Repeat("💎", 1<<18), "/" + strings.Repeat("💎", maxIssuer) + ":" + strings.Repeat("😀", maxAccount),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := (Codes{}).URL(secretOfRFC, test.account, test.issuer)
			u, err := url.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			issuer, _, _ := strings.Cut(strings.TrimPrefix(test.label, "/"), ":")
			if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != test.label || u.Fragment != "" ||
				len(u.Query()) != 2 || u.Query().Get("secret") != secretOfRFC || u.Query().Get("issuer") != issuer {
				t.Errorf("the address is %s", text)
			}
			if strings.Contains(text, "+") {
				t.Errorf("a space is a plus in %s", text)
			}
			if _, _, err := QR(text); err != nil {
				t.Error(err)
			}
		})
	}
}
