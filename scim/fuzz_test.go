package scim

import (
	"net/url"
	"strings"
	"testing"

	"drawbridge/provisioning"
)

// FuzzQuery: a projection of any names leaves id and schemas, adds nothing and
// leaves the resource as it is.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"", "attributes=userName,name.givenName", "excludedAttributes=" + enterpriseURN + ":manager.value", "attributes=emails&attributes=emails.value", "count=-1&startIndex=%00", "filter=a;b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := readParameters(raw)
		if err != nil {
			return
		}
		if q, err := p.list(ParseUserFilter); err == nil && (q.start < 1 || q.count < 0 || q.count > maxCount) {
			t.Errorf("page %d, %d", q.start, q.count)
		}
		view, err := p.projection(userType)
		if err != nil {
			return
		}
		u := provisioning.DirectoryUser{User: provisioning.User{UserName: "ada", Email: "ada@acme.example", GivenName: "Ada"}}
		resource := userResource(u, "https://bridge.example/scim/v2")
		whole := len(resource)
		part := view.of(resource)
		if part["id"] == nil || part["schemas"] == nil || len(part) > whole || len(resource) != whole {
			t.Errorf("%q leaves %v", raw, part)
		}
	})
}

// FuzzSplitPath: what comes out is one or two segments, or more that no route
// has, and none holds a slash or is empty.
func FuzzSplitPath(f *testing.F) {
	for _, seed := range []string{"/scim/v2/Users", "/scim/v2/Users/%2F", "/scim/v2/Users/a/b", "/scim/v2//", "/scim/v2/%zz", "/scim/v2/%2e%2e/Users"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, escaped string) {
		segments := splitPath(escaped)
		if len(segments) > 3 {
			t.Errorf("%d segments", len(segments))
		}
		for _, s := range segments {
			if s == "" || strings.ContainsAny(s, `/\`) {
				t.Errorf("segment %q of %q", s, escaped)
			}
		}
		if len(segments) == 1 && segments[0] == "Users" && escaped != root+"Users" {
			if plain, err := url.PathUnescape(escaped); err != nil || plain != root+"Users" {
				t.Errorf("%q leads to users", escaped)
			}
		}
	})
}

// FuzzReadToken: a token has neither the scheme nor blanks around it.
func FuzzReadToken(f *testing.F) {
	for _, seed := range []string{"Bearer dbscim_a.b", "bearer  x ", "dbscim_a.b", "Basic YTpi", "", "Bearer"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, bare, err := readToken([]string{header})
		switch {
		case err != nil && token != "":
			t.Errorf("%q: a token beside an error", header)
		case token != strings.TrimSpace(token):
			t.Errorf("%q: token %q", header, token)
		case bare && !strings.HasPrefix(token, provisioning.ScimTokenPrefix):
			t.Errorf("%q: bare token %q", header, token)
		}
	})
}
