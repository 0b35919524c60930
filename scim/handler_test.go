package scim_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"drawbridge/provisioning"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	user := d.newUser(t, "ada@acme.example")
	group := d.newGroup(t, "SOC")
	tests := map[string]struct {
		method, target string
		status         int
		allow          string
	}{
		"user":                       {"GET", "/Users/" + user, 200, ""},
		"HEAD of a user":             {"HEAD", "/Users/" + user, 200, ""},
		"HEAD of a list":             {"HEAD", "/Groups", 200, ""},
		"the root":                   {"GET", "", 404, ""},
		"the root with a slash":      {"GET", "/", 404, ""},
		"a slash at the end":         {"GET", "/Users/", 404, ""},
		"a slash behind the id":      {"GET", "/Users/" + user + "/", 404, ""},
		"two slashes":                {"GET", "//Users", 404, ""},
		"two slashes inside":         {"GET", "/Users//" + user, 404, ""},
		"something behind the id":    {"GET", "/Users/" + user + "/emails", 404, ""},
		"lower case":                 {"GET", "/users", 404, ""},
		"an escaped slash":           {"GET", "/Users%2F" + user, 404, ""},
		"an escaped slash in an id":  {"GET", "/Users/%2F" + user, 404, ""},
		"an escaped backslash":       {"GET", "/Users%5c" + user, 404, ""},
		"up and down":                {"GET", "/Groups/../Users", 404, ""},
		"up, escaped":                {"GET", "/Groups/%2e%2e/Users", 404, ""},
		"another version":            {"GET", "/../v1/Users", 404, ""},
		"an id of another kind":      {"GET", "/Users/" + group, 404, ""},
		"an id in upper case":        {"GET", "/Users/" + strings.ToUpper(user), 404, ""},
		"no id":                      {"GET", "/Users/{id}", 404, ""},
		"an id with a percent sign":  {"GET", "/Users/%25" + user[3:], 404, ""},
		"DELETE of all users":        {"DELETE", "/Users", 405, "GET, HEAD, OPTIONS, POST"},
		"DELETE of an empty id":      {"DELETE", "/Users/", 404, ""},
		"PUT of a list":              {"PUT", "/Groups", 405, "GET, HEAD, OPTIONS, POST"},
		"POST to a user":             {"POST", "/Users/" + user, 405, "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"},
		"an invented method":         {"BREW", "/Users", 405, "GET, HEAD, OPTIONS, POST"},
		"POST to a document":         {"POST", "/ServiceProviderConfig", 405, "GET, HEAD, OPTIONS"},
		"OPTIONS of a user":          {"OPTIONS", "/Users/" + user, 204, "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"},
		"me":                         {"GET", "/Me", 501, ""},
		"PATCH of me":                {"PATCH", "/Me", 501, ""},
		"below me":                   {"GET", "/Me/x", 404, ""},
		"bulk":                       {"POST", "/Bulk", 501, ""},
		"GET of bulk":                {"GET", "/Bulk", 405, "OPTIONS, POST"},
		"search":                     {"POST", "/.search", 501, ""},
		"search among users":         {"POST", "/Users/.search", 501, ""},
		"search among groups":        {"POST", "/Groups/.search", 501, ""},
		"GET of search":              {"GET", "/Users/.search", 405, "OPTIONS, POST"},
		"a schema":                   {"GET", "/Schemas/" + userURN, 200, ""},
		"a schema, colons escaped":   {"GET", "/Schemas/" + strings.ReplaceAll(userURN, ":", "%3A"), 200, ""},
		"a schema that nobody has":   {"GET", "/Schemas/urn:x", 404, ""},
		"a resource type":            {"GET", "/ResourceTypes/Group", 200, ""},
		"a resource type, not there": {"GET", "/ResourceTypes/group", 404, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := d.do(t, test.method, test.target, "").want(t, test.status, "")
			if got := a.Header().Get("Allow"); got != test.allow {
				t.Errorf("Allow %q, want %q", got, test.allow)
			}
			if test.method == "HEAD" && (a.Body.Len() > 0 || a.Header().Get("Content-Length") == "0") {
				t.Errorf("a body of %d bytes, announced %q", a.Body.Len(), a.Header().Get("Content-Length"))
			}
		})
	}
}

func TestOutsideOfTheVersionIsNoPage(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	for _, target := range []string{"/scim", "/scim/", "/scim/v2", "/scim/v1/Users", "/scim/v2Users"} {
		r := httptest.NewRequest("GET", target, nil)
		r.Header.Set("Authorization", "Bearer "+d.token)
		d.send(t, r).want(t, 404, "")
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	var ids []string
	for _, name := range []string{"a", "b", "c"} {
		ids = append(ids, d.newUser(t, name+"@acme.example"))
	}
	tests := map[string]struct {
		query string
		start float64
		ids   []string
	}{
		"all":                    {"", 1, ids},
		"the first":              {"?startIndex=1&count=1", 1, ids[:1]},
		"the rest":               {"?startIndex=2&count=100", 2, ids[1:]},
		"past the end":           {"?startIndex=9", 9, nil},
		"none":                   {"?count=0", 1, nil},
		"fewer than none":        {"?count=-3", 1, nil},
		"before the beginning":   {"?startIndex=-7", 1, ids},
		"more than there may be": {"?count=100000", 1, ids},
		"a number beyond all":    {"?count=99999999999999999999", 1, ids},
		"an index beyond all":    {"?startIndex=99999999999999999999", 1<<31 - 1, nil},
		"names in another case":  {"?STARTINDEX=3&Count=1", 3, ids[2:]},
		"unknown parameters":     {"?aadOptscim062020&sortBy=userName&x=y", 1, ids},
		"a filter with pluses":   {`?filter=userName+sw+%22b%22`, 1, ids[1:2]},
		"a filter":               {`?filter=userName%20eq%20%22C%40acme.example%22&startIndex=1&count=100`, 1, ids[2:]},
		"a filter by another id": {`?filter=externalId%20eq%20%2200u-a@acme.example%22`, 1, ids[:1]},
		"a filter without a hit": {`?filter=userName%20eq%20%22nobody%22`, 1, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := d.do(t, "GET", "/Users"+test.query, "").want(t, 200, "")
			resources, ok := a.JSON["Resources"].([]any)
			var got []string
			for _, r := range resources {
				got = append(got, r.(map[string]any)["id"].(string))
			}
			if !ok || !slices.Equal(got, test.ids) {
				t.Errorf("got %v, want %q", a.JSON["Resources"], test.ids)
			}
			wantValue(t, a, test.start, "startIndex")
			wantValue(t, a, float64(len(test.ids)), "itemsPerPage")
		})
	}
}

func TestRule21_AQueryThatIsNotUnderstoodIsNeverEverybody(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	d.newUser(t, "ada@acme.example")
	for query, scimType := range map[string]string{
		"filter=":                               "invalidFilter",
		"filter=userName":                       "invalidFilter",
		"Filter=nonsense":                       "invalidFilter",
		"filter=nickName+eq+%22x%22":            "invalidFilter",
		"filter=externalId%20eq%20jyo":          "invalidFilter",
		"filter=id+pr&filter=id+pr":             "invalidValue",
		"filter=id+pr&FILTER=id+pr":             "invalidValue",
		"filter=id+pr;x":                        "invalidValue",
		"filter=userName+eq+%22100%%22":         "invalidValue",
		"filter=%zz":                            "invalidValue",
		"count=ten":                             "invalidValue",
		"count=":                                "invalidValue",
		"startIndex=1.5":                        "invalidValue",
		"count=1&count=2":                       "invalidValue",
		"attributes=id&excludedAttributes=name": "invalidValue",
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			d.do(t, "GET", "/Users?"+query, "").want(t, 400, scimType)
			d.do(t, "GET", "/Groups?"+query, "").want(t, 400, scimType)
		})
	}
}

func TestALookupIsOneCallOfTheService(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	d.spy.taken()
	d.do(t, "GET", `/Users?filter=userName%20eq%20%22ada%40acme.example%22&startIndex=1&count=100`, "").want(t, 200, "")
	if got := d.spy.taken(); !reflect.DeepEqual(got, []string{"FindDirectoryUsers"}) {
		t.Errorf("calls %q", got)
	}
}

// keys lists what an object has, sub-objects behind a dot.
func keys(prefix string, v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if below := keys(prefix+name+".", inner); below != nil && name != "schemas" {
				out = append(out, below...)
			} else {
				out = append(out, prefix+name)
			}
		}
	case []any:
		if len(v) > 0 {
			return keys(prefix, v[0])
		}
	}
	slices.Sort(out)
	return out
}

func TestProjection(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	user := d.do(t, "POST", "/Users", `{"userName":"ada@acme.example","name":{"givenName":"Ada","familyName":"King"},
		"emails":[{"value":"ada@acme.example","type":"work"}],
		"`+enterpriseURN+`":{"department":"SOC","manager":{"value":"m"}}}`).want(t, 201, "").id(t)
	whole := keys("", d.do(t, "GET", "/Users/"+user, "").JSON)
	without := func(gone ...string) []string {
		return slices.DeleteFunc(slices.Clone(whole), func(k string) bool {
			return slices.ContainsFunc(gone, func(g string) bool { return k == g || strings.HasPrefix(k, g+".") })
		})
	}
	for query, want := range map[string][]string{
		"attributes=":                                          whole,
		"attributes=userName":                                  {"id", "schemas", "userName"},
		"attributes=USERNAME,Name.GivenName":                   {"id", "name.givenName", "schemas", "userName"},
		"attributes=" + userURN + ":userName":                  {"id", "schemas", "userName"},
		"attributes=emails.value&attributes=id":                {"emails.value", "id", "schemas"},
		"attributes=emails.value,emails":                       {"emails.type", "emails.value", "id", "schemas"},
		"attributes=emails,emails.value":                       {"emails.type", "emails.value", "id", "schemas"},
		"attributes=meta.location":                             {"id", "meta.location", "schemas"},
		"attributes=" + enterpriseURN:                          {"id", "schemas", enterpriseURN + ".department", enterpriseURN + ".manager.value"},
		"attributes=" + enterpriseURN + ":manager.value":       {"id", "schemas", enterpriseURN + ".manager.value"},
		"attributes=department":                                {"id", "schemas", enterpriseURN + ".department"},
		"attributes=nothing,password":                          {"id", "schemas"},
		"excludedAttributes=id,schemas,emails":                 without("emails"),
		"excludedAttributes=name.familyName,meta,x.y":          without("name.familyName", "meta"),
		"excludedAttributes=" + enterpriseURN + ":department":  without(enterpriseURN + ".department"),
		"excludedAttributes=" + strings.ToLower(enterpriseURN): without(enterpriseURN),
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			if got := keys("", d.do(t, "GET", "/Users/"+user+"?"+query, "").want(t, 200, "").JSON); !slices.Equal(got, want) {
				t.Errorf("got %q\nwant %q", got, want)
			}
			listed := d.do(t, "GET", "/Users?"+query, "").want(t, 200, "")
			if got := keys("", listed.JSON["Resources"]); !slices.Equal(got, want) {
				t.Errorf("in a list got %q\nwant %q", got, want)
			}
		})
	}
}

func TestEveryAnswerIsProjected(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	want := []string{"id", "schemas", "userName"}
	const q = "?attributes=userName"
	created := d.do(t, "POST", "/Users"+q, `{"userName":"ada@acme.example","active":true}`).want(t, 201, "")
	item := "/Users/" + created.id(t) + q
	for _, a := range []*response{
		created,
		d.do(t, "PUT", item, `{"userName":"ada@acme.example"}`).want(t, 200, ""),
		d.do(t, "PATCH", item, patchJSON(`[{"op":"replace","value":{"active":false}}]`)).want(t, 200, ""),
	} {
		if got := keys("", a.JSON); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	// What cannot be answered is refused before it changes anything.
	d.do(t, "PUT", item+"&excludedAttributes=id", `{"userName":"eve@acme.example"}`).want(t, 400, "invalidValue")
	wantValue(t, d.do(t, "GET", item, ""), "ada@acme.example", "userName")
}

func TestRule22_MembersAreLoadedOnlyToBeAnswered(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	user := d.newUser(t, "ada@acme.example")
	group := d.newGroup(t, "SOC", user)
	rename := patchJSON(`[{"op":"replace","value":{"displayName":"SOC"}}]`)
	many := groupJSON("SOC", slices.Repeat([]string{user}, 1001)...)
	tests := []struct {
		method, target, body string
		loaded               bool
	}{
		{"GET", "/Groups/" + group, "", true},
		{"GET", "/Groups/" + group + "?excludedAttributes=members", "", false},
		{"GET", "/Groups/" + group + "?excludedAttributes=members.display", "", true},
		{"GET", "/Groups/" + group + "?attributes=displayName", "", false},
		{"GET", "/Groups/" + group + "?attributes=members.value", "", true},
		{"GET", "/Groups", "", true},
		{"GET", "/Groups?excludedAttributes=MEMBERS", "", false},
		{"PATCH", "/Groups/" + group, rename, false},
		{"PATCH", "/Groups/" + group + "?attributes=members", rename, true},
		{"PUT", "/Groups/" + group, groupJSON("SOC", user), true},
		{"PUT", "/Groups/" + group, many, false},
		{"PUT", "/Groups/" + group + "?attributes=members", many, true},
		{"PUT", "/Groups/" + group, `{"displayName":"SOC"}`, false},
		{"PUT", "/Groups/" + group + "?excludedAttributes=members", groupJSON("SOC", user), false},
	}
	for _, test := range tests {
		a := d.do(t, test.method, test.target, test.body).want(t, 200, "")
		if got := d.spy.loadedMembers(); got != test.loaded {
			t.Errorf("%s %s: members loaded: %v", test.method, test.target, got)
		}
		if got := strings.Contains(a.Body.String(), `"members"`); got != test.loaded {
			t.Errorf("%s %s: members answered: %v", test.method, test.target, got)
		}
	}
	wantIDs(t, d.members(t, group), user)
}

func TestTheAnswerToAPatchOfAGroupIsASwitch(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{})
	rename := patchJSON(`[{"op":"replace","value":{"displayName":"SOC 2"}}]`)
	okta := s.newDirectory(t, "okta")
	wantValue(t, okta.do(t, "PATCH", "/Groups/"+okta.newGroup(t, "SOC"), rename).want(t, 200, ""), "SOC 2", "displayName")
	entra := s.newDirectory(t, "entra")
	group := entra.newGroup(t, "SOC")
	if a := entra.do(t, "PATCH", "/Groups/"+group, rename).want(t, 204, ""); a.Body.Len() > 0 {
		t.Errorf("a body: %s", a.Body)
	}
	wantValue(t, entra.do(t, "PATCH", "/Groups/"+group+"?attributes=displayName", rename).want(t, 200, ""), "SOC 2", "displayName")
}

func TestGroupsOfAUserAndMembersOfAGroup(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	user := d.newUser(t, "ada@acme.example")
	group := d.newGroup(t, "SOC", user)
	a := d.do(t, "GET", "/Users/"+user, "").want(t, 200, "")
	wantValue(t, a, []any{map[string]any{
		"value": group, "display": "SOC", "type": "direct", "$ref": base + "/Groups/" + group,
	}}, "groups")
	wantValue(t, a, []any{userURN}, "schemas")
	wantValue(t, a, nil, "meta", "version")
	if got := a.Header().Get("ETag"); got != "" {
		t.Errorf("ETag %q", got)
	}
	members := d.do(t, "GET", "/Groups/"+group, "").JSON["members"].([]any)
	member := members[0].(map[string]any)
	if member["value"] != user || member["type"] != "User" || member["$ref"] != base+"/Users/"+user || member["display"] == nil {
		t.Errorf("member %v", member)
	}
}

func TestRule21_WhatIsDroppedIsRecordedOnceAndByName(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	a := d.do(t, "POST", "/Users", `{"userName":"ada@acme.example","shoeSize":"secret-42","urn:x:User":{"a":1},"password":"p"}`).want(t, 201, "")
	d.wantDropped(t, a.id(t), "shoeSize", "urn:x:User")
	item := "/Users/" + a.id(t)
	d.do(t, "PATCH", item, patchJSON(`[{"op":"replace","value":{"hat":"x"}},{"op":"add","value":{"hat":"y"}}]`)).want(t, 200, "")
	d.wantDropped(t, a.id(t), "hat")
	d.do(t, "PUT", item, `{"userName":"ada@acme.example","coat":1}`).want(t, 200, "")
	d.wantDropped(t, a.id(t), "coat")
	d.do(t, "PATCH", item, patchJSON(`[{"op":"replace","path":"hat","value":"x"}]`)).want(t, 400, "invalidPath")
	d.do(t, "PUT", item, `{"userName":"","coat":1}`).want(t, 400, "invalidValue")
	if got := d.spy.taken(); slices.ContainsFunc(got, isDropped) {
		t.Errorf("a request that failed is recorded: %q", got)
	}
}

func isDropped(call string) bool { return strings.HasPrefix(call, "AttributesDropped") }

func (d *directory) wantDropped(t *testing.T, resource string, names ...string) {
	t.Helper()
	calls := slices.DeleteFunc(d.spy.taken(), func(call string) bool { return !isDropped(call) })
	if !slices.Equal(calls, []string{"AttributesDropped " + resource}) || !slices.Equal(d.spy.dropped, names) {
		t.Errorf("recorded %q of %q, want %q of %s", d.spy.dropped, calls, names, resource)
	}
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	config := d.do(t, "GET", "/ServiceProviderConfig", "").want(t, 200, "")
	wantValue(t, config, true, "patch", "supported")
	wantValue(t, config, false, "bulk", "supported")
	wantValue(t, config, false, "sort", "supported")
	wantValue(t, config, false, "etag", "supported")
	wantValue(t, config, false, "changePassword", "supported")
	wantValue(t, config, 1000.0, "filter", "maxResults")
	wantValue(t, config, base+"/ServiceProviderConfig", "meta", "location")
	for _, list := range []string{"/ResourceTypes", "/Schemas"} {
		a := d.do(t, "GET", list, "").want(t, 200, "")
		resources := a.JSON["Resources"].([]any)
		wantValue(t, a, float64(len(resources)), "totalResults")
		for _, r := range resources {
			id := r.(map[string]any)["id"].(string)
			one := d.do(t, "GET", list+"/"+id, "").want(t, 200, "")
			if !reflect.DeepEqual(one.JSON, r) {
				t.Errorf("%s is not what the list says", id)
			}
			wantValue(t, one, base+list+"/"+id, "meta", "location")
		}
	}
	wantValue(t, d.do(t, "GET", "/Schemas", ""), 3.0, "totalResults")
	for _, target := range []string{"/Schemas", "/ResourceTypes", "/ServiceProviderConfig", "/Schemas/" + userURN} {
		d.do(t, "GET", target+"?filter=id+pr", "").want(t, 403, "")
	}
}

func TestRule24_AnUnknownErrorLosesItsTextAndIsLoggedOnce(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	d.spy.fail = errors.New("pq: password authentication failed for user drawbridge")
	a := d.do(t, "GET", "/Users", "").want(t, 500, "")
	if strings.Contains(a.Body.String(), "pq") {
		t.Errorf("the answer says %s", a.Body)
	}
	if got := strings.Count(d.log.String(), "pq: password"); got != 1 {
		t.Errorf("logged %d times", got)
	}
	line := d.log.lastLine(t)
	if line["request_id"] != a.Header().Get("X-Request-Id") || line["level"] != "ERROR" {
		t.Errorf("logged as %v", line)
	}
}

func TestRule24_KindsBecomeStatuses(t *testing.T) {
	t.Parallel()
	kinds := map[error]struct {
		status   int
		scimType string
	}{
		provisioning.ErrNotFound:    {404, ""},
		provisioning.ErrConflict:    {409, "uniqueness"},
		provisioning.ErrInvalid:     {400, "invalidValue"},
		provisioning.ErrForbidden:   {403, ""},
		provisioning.ErrUnavailable: {503, ""},
	}
	for kind, want := range kinds {
		t.Run(kind.Error(), func(t *testing.T) {
			t.Parallel()
			d := newDirectory(t)
			user := d.newUser(t, "ada@acme.example")
			d.spy.fail = &provisioning.Error{Kind: kind, Code: "some_code", Detail: "Do this."}
			a := d.do(t, "PATCH", "/Users/"+user, patchJSON(`[{"op":"replace","value":{"active":false}}]`)).want(t, want.status, want.scimType)
			wantValue(t, a, "Do this.", "detail")
			if got := d.log.lastLine(t)["outcome"]; got != "some_code" {
				t.Errorf("outcome %v", got)
			}
		})
	}
}

func TestAClientThatGoesAwayIsNoFault(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d.send(t, d.request("GET", "/Users", "").WithContext(ctx))
	if line := d.log.lastLine(t); line["outcome"] != "client_gone" || line["level"] != "INFO" {
		t.Errorf("logged as %v", line)
	}
}
