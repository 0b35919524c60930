package scim_test

import (
	"encoding/base64"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"drawbridge/provisioning"
)

func (d *directory) withAuthorization(t testing.TB, values ...string) *response {
	t.Helper()
	r := d.request("GET", "/Users", "")
	r.Header["Authorization"] = values
	return d.send(t, r)
}

func TestWhoMaySpeak(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	other := newDirectory(t)
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:"+d.token))
	tests := map[string]struct {
		headers []string
		status  int
		code    string // of the challenge
	}{
		"bearer":                       {[]string{"Bearer " + d.token}, 200, ""},
		"bearer in lower case":         {[]string{"bearer " + d.token}, 200, ""},
		"bearer and two blanks":        {[]string{"BEARER  " + d.token}, 200, ""},
		"no header":                    {nil, 401, ""},
		"an empty header":              {[]string{""}, 401, "invalid_request"},
		"an empty token":               {[]string{"Bearer "}, 401, "invalid_request"},
		"another installation's token": {[]string{"Bearer " + other.token}, 401, "invalid_token"},
		"a changed secret":             {[]string{"Bearer " + d.token[:len(d.token)-2] + "xx"}, 401, "invalid_token"},
		"10 kB":                        {[]string{"Bearer " + strings.Repeat("x", 10<<10)}, 401, "invalid_request"},
		"4 kB with the token":          {[]string{"Bearer " + d.token + strings.Repeat(" ", 4096)}, 401, "invalid_request"},
		"twice":                        {[]string{"Bearer " + d.token, "Bearer " + d.token}, 401, "invalid_request"},
		"basic":                        {[]string{basic}, 401, "invalid_request"},
		"bare, the switch off":         {[]string{d.token}, 401, "invalid_request"},
		"another scheme":               {[]string{"SSWS " + d.token}, 401, "invalid_request"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := d.withAuthorization(t, test.headers...).want(t, test.status, "")
			challenge := a.Header().Get("WWW-Authenticate")
			want := `Bearer realm="drawbridge"`
			if test.code != "" {
				want += `, error="` + test.code + `"`
			}
			if test.status == 401 && challenge != want {
				t.Errorf("challenge %q, want %q", challenge, want)
			}
		})
	}
}

func TestTheBareTokenIsASwitchOfTheDirectory(t *testing.T) {
	t.Parallel()
	d := newSite(t, siteOptions{}).newDirectory(t, "okta-catalog")
	d.withAuthorization(t, d.token).want(t, 200, "")
	d.withAuthorization(t, "Bearer "+d.token).want(t, 200, "")
	d.withAuthorization(t, d.token+" x").want(t, 401, "")
}

func TestATokenThatEndedIsRefused(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	_, expired := d.newToken(t, d.workspace, d.id, time.Nanosecond)
	d.withAuthorization(t, "Bearer "+expired).want(t, 401, "")
	d.do(t, "GET", "/Users", "").want(t, 200, "")
	check(t, d.service.RevokeToken(t.Context(), provisioning.Operator(), d.tokenID))
	d.do(t, "GET", "/Users", "").want(t, 401, "")
}

func TestAStrangerLearnsNothing(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	user := d.newUser(t, "ada@acme.example")
	for _, target := range []string{"", "/", "/Users/" + user, "/nowhere", "/Schemas", "/Bulk", "/Me", "/Users?filter=x&filter=y"} {
		for _, method := range []string{"GET", "POST", "OPTIONS", "BREW"} {
			r := d.request(method, target, "")
			r.Header.Del("Authorization")
			r.Header.Set("Content-Length", "99999999999")
			if a := d.send(t, r); a.Code != 401 && a.Code != 429 {
				t.Errorf("%s %s is answered %d", method, target, a.Code)
			}
		}
	}
}

func TestATokenReachesItsDirectoryAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	first := s.newDirectory(t, "okta")
	beside := s.addDirectory(t, first.workspace, "second", "okta")
	abroad := s.newDirectory(t, "okta")
	user := first.newUser(t, "ada@acme.example")
	group := first.newGroup(t, "SOC", user)
	for name, d := range map[string]*directory{"same workspace": beside, "another workspace": abroad} {
		t.Run(name, func(t *testing.T) {
			for _, target := range []string{"/Users/" + user, "/Groups/" + group} {
				d.do(t, "GET", target, "").want(t, 404, "")
				d.do(t, "DELETE", target, "").want(t, 404, "")
				d.do(t, "PATCH", target, patchJSON(`[{"op":"replace","value":{"displayName":"x"}}]`)).want(t, 404, "")
			}
			d.do(t, "PUT", "/Users/"+user, `{"userName":"eve@evil.example"}`).want(t, 404, "")
			d.do(t, "PUT", "/Groups/"+group, groupJSON("mine")).want(t, 404, "")
			wantValue(t, d.do(t, "GET", "/Users", ""), 0.0, "totalResults")
			wantValue(t, d.do(t, "GET", "/Groups", ""), 0.0, "totalResults")
			d.do(t, "POST", "/Groups", groupJSON("theirs", user)).want(t, 400, "invalidValue")
		})
	}
	wantIDs(t, first.members(t, group), user)
}

func TestADirectoryThatSendsTooMuchIsToldToWait(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{rate: 2})
	d, other := s.newDirectory(t, "okta"), s.newDirectory(t, "okta")
	var last *response
	for range 5 {
		last = d.do(t, "GET", "/ServiceProviderConfig", "")
	}
	last.want(t, 429, "")
	if seconds, err := strconv.Atoi(last.Header().Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("Retry-After %q is no number of seconds", last.Header().Get("Retry-After"))
	}
	other.do(t, "GET", "/ServiceProviderConfig", "").want(t, 200, "")
}

func TestFailuresAreLimitedByAddressAndGoodTokensPass(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	attempt := func(remote, token string) *response {
		r := d.request("GET", "/Users", "")
		r.RemoteAddr = remote
		r.Header.Set("Authorization", "Bearer "+token)
		return d.send(t, r)
	}
	limited := 0
	for range 100 {
		if a := attempt("[2001:db8::1]:443", "dbscim_nonsense"); a.Code == 429 {
			limited++
		}
	}
	if limited == 0 {
		t.Fatal("100 failures and none was refused with 429")
	}
	attempt("[2001:db8::2]:443", "dbscim_nonsense").want(t, 429, "")
	attempt("[2001:db8:1::1]:443", "dbscim_nonsense").want(t, 401, "")
	attempt("192.0.2.7:443", "dbscim_nonsense").want(t, 401, "")
	attempt("[2001:db8::1]:443", d.token).want(t, 200, "")
}

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	tests := map[string]struct {
		contentType, encoding string
		status                int
	}{
		"scim":              {"application/scim+json", "", 201},
		"scim with charset": {"application/scim+json; charset=UTF-8", "", 201},
		"upper case":        {"Application/JSON", "", 201},
		"json":              {"application/json;charset=utf-8", "identity", 201},
		"none":              {"", "", 201},
		"form":              {"application/x-www-form-urlencoded", "", 415},
		"text":              {"text/plain", "", 415},
		"malformed":         {"application/", "", 415},
		"latin":             {"application/json; charset=iso-8859-1", "", 415},
		"compressed":        {"application/json", "gzip", 415},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := d.request("POST", "/Users", `{"userName":"`+strings.ReplaceAll(name, " ", "-")+`@acme.example"}`)
			r.Header.Set("Content-Type", test.contentType)
			r.Header.Set("Content-Encoding", test.encoding)
			if test.contentType == "" {
				r.Header.Del("Content-Type")
			}
			if test.encoding == "" {
				r.Header.Del("Content-Encoding")
			}
			d.send(t, r).want(t, test.status, "")
		})
	}
}

func TestNoAcceptHeaderIsRefused(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	for _, accept := range []string{"", "*/*", "text/html", "application/scim+json; charset=utf-8", "application/json;q=0", "\x7f"} {
		r := d.request("GET", "/Users", "")
		r.Header.Set("Accept", accept)
		r.Header.Set("Content-Type", "text/plain") // stray, without a body
		d.send(t, r).want(t, 200, "")
	}
}

func TestTheRequestIsLoggedByIDs(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	user := d.newUser(t, "ada@acme.example")
	line := d.log.lastLine(t)
	for name, want := range map[string]any{
		"workspace_id": string(d.workspace), "directory_id": string(d.id), "token_id": string(d.tokenID),
		"resource_id": user, "outcome": "created", "route": "/scim/v2/Users", "status": 201.0,
	} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	d.do(t, "GET", "/Schemas/ada@acme.example", "").want(t, 404, "")
	d.do(t, "GET", "/Users/"+strings.Repeat("u", 26), "").want(t, 404, "")
	for _, secret := range []string{"ada@acme.example", d.token, "King"} {
		if strings.Contains(d.log.String(), secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}

func TestTheAnswerSpeaksOfThePublicURL(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	r := httptest.NewRequest("POST", "/scim/v2/Users?aadOptscim062020", strings.NewReader(`{"userName":"ada@acme.example"}`))
	r.Host = "evil.example"
	r.Header.Set("Authorization", "Bearer "+d.token)
	a := d.send(t, r).want(t, 201, "")
	wantValue(t, a, base+"/Users/"+a.id(t), "meta", "location")
}
