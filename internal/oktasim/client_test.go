package oktasim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var ada = Person{
	ID: "00ujl29u0le5T6Aj10h7", Login: "ada@acme.example", FirstName: "Ada", LastName: "Lovelace",
	Title: "Analyst", Department: "Research", Status: Active, Assigned: true,
}

const adaLookup = "GET /Users?filter=userName%20eq%20%22ada%40acme.example%22&startIndex=1&count=100"

// assign provisions people and forgets the requests that it took.
func assign(t *testing.T, f *fakeApp, c *Client, people ...Person) {
	t.Helper()
	for _, p := range people {
		if err := c.AssignUser(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	f.take()
}

func TestConnectionTestIsOneRequest(t *testing.T) {
	t.Parallel()
	f := newFakeApp(t, Wizard)
	if err := f.client(t).TestConnection(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantLines(t, f.take(), "GET /Users?startIndex=1&count=2")

	err := f.client(t, func(c *ClientConfig) { c.Token = "other" }).TestConnection(t.Context())
	var refused *StatusError
	if !errors.As(err, &refused) || refused.Status != 401 || refused.Detail != "unknown token" {
		t.Fatalf("wrong token: %v", err)
	}
}

func TestCreateLooksUpFirst(t *testing.T) {
	t.Parallel()
	f := newFakeApp(t, Wizard)
	c := f.client(t)
	if err := c.AssignUser(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	log := f.take()
	wantLines(t, log, adaLookup, "POST /Users")
	password, _ := log[1].body["password"].(string)
	if len(password) != 8 {
		t.Errorf("password placeholder %q, want 8 characters", password)
	}
	delete(log[1].body, "password")
	wantJSON(t, log[1].body, `{
		"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"userName":"ada@acme.example","externalId":"00ujl29u0le5T6Aj10h7","displayName":"Ada Lovelace","locale":"en-US","title":"Analyst",
		"name":{"givenName":"Ada","familyName":"Lovelace"},
		"emails":[{"primary":true,"value":"ada@acme.example","type":"work"}],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Research"},
		"groups":[],"active":true}`)
	if id, active, ok := c.UserID(ada.ID); id != "u-1" || !active || !ok {
		t.Errorf("remembered %q %v %v", id, active, ok)
	}
}

func TestEmptyAttributesAreLeftOutOfACreate(t *testing.T) {
	t.Parallel()
	body := newUser(Person{ID: "00u1", Login: "a@b.example", FirstName: "A", LastName: "B"}, "x")
	for _, key := range []string{"title", companySchema} {
		if _, there := body[key]; there {
			t.Errorf("%s must not be sent empty", key)
		}
	}
	wantJSON(t, body["schemas"], `["urn:ietf:params:scim:schemas:core:2.0:User"]`)
}

func TestFoundUserIsLinked(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		app    App
		active bool
		want   []string
	}{
		{Wizard, true, []string{adaLookup, "GET /Users/u-old", "PUT /Users/u-old"}},
		{Wizard, false, []string{adaLookup, "GET /Users/u-old", "PUT /Users/u-old"}},
		{Catalog, true, []string{adaLookup, "GET /Users/u-old", "PUT /Users/u-old"}},
		{Catalog, false, []string{adaLookup, "GET /Users/u-old", "PUT /Users/u-old", "PATCH /Users/u-old"}},
	} {
		t.Run(fmt.Sprint(tc.app, tc.active), func(t *testing.T) {
			t.Parallel()
			f := newFakeApp(t, tc.app)
			f.users = []map[string]any{{"id": "u-old", "userName": "ADA@acme.example", "active": tc.active, "nickName": "Countess"}}
			if err := f.client(t).AssignUser(t.Context(), ada); err != nil {
				t.Fatal(err)
			}
			log := f.take()
			wantLines(t, log, tc.want...)
			if put := log[2].body; put["nickName"] != "Countess" || put["externalId"] != ada.ID || put["password"] != nil {
				t.Errorf("PUT %v: the old attributes, the externalId and no password were expected", put)
			}
			if f.users[0]["active"] != true {
				t.Error("the linked user must end active")
			}
		})
	}
}

func TestLookupThatMatchesSeveralLinksNobody(t *testing.T) {
	t.Parallel()
	f := newFakeApp(t, Wizard)
	f.users = []map[string]any{{"id": "1", "userName": ada.Login}, {"id": "2", "userName": ada.Login}}
	if err := f.client(t).AssignUser(t.Context(), ada); err == nil {
		t.Fatal("two matches must be an error")
	}
	wantLines(t, f.take(), adaLookup)
}

func TestLookupTakes404ForNobody(t *testing.T) {
	t.Parallel()
	f := newFakeApp(t, Wizard)
	f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != "GET" {
			return false
		}
		fail(w, 404, "", "nobody")
		return true
	}
	if err := f.client(t).AssignUser(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	wantLines(t, f.take(), adaLookup, "POST /Users")
}

func TestEmptyAnswerToCreate(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "{}", "null", "<html>"} {
		f := newFakeApp(t, Wizard)
		f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == "POST" {
				w.WriteHeader(201)
				fmt.Fprint(w, body)
			}
			return r.Method == "POST"
		}
		c := f.client(t)
		if err := c.AssignUser(t.Context(), ada); !errors.Is(err, ErrEmptyUser) {
			t.Errorf("body %q: %v", body, err)
		}
		if _, _, ok := c.UserID(ada.ID); ok {
			t.Errorf("body %q: a user without id is remembered", body)
		}
	}
}

func TestUpdateEchoesTheStoredUser(t *testing.T) {
	t.Parallel()
	f := newFakeApp(t, Wizard)
	c := f.client(t)
	assign(t, f, c, ada)
	f.users[0]["name"].(map[string]any)["formatted"] = "Mona Octocat"
	f.users[0]["emails"] = append(f.users[0]["emails"].([]any), map[string]any{"value": "home@x.example", "type": "home"})

	changed := ada
	changed.LastName, changed.Title, changed.Login = "King", "", "ada.king@acme.example"
	if err := c.UpdateUser(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	log := f.take()
	wantLines(t, log, "GET /Users/u-1", "PUT /Users/u-1")
	body := log[1].body
	wantJSON(t, body["name"], `{"givenName":"Ada","familyName":"King","formatted":"Mona Octocat"}`)
	wantJSON(t, body["emails"], `[{"primary":true,"value":"ada.king@acme.example","type":"work"},{"value":"home@x.example","type":"home"}]`)
	wantJSON(t, body["title"], `""`)
	if body["meta"] == nil || body["id"] != "u-1" || body["active"] != true {
		t.Errorf("PUT %v: id, meta and active must be echoed", body)
	}
}

func TestDeactivateAndReactivate(t *testing.T) {
	t.Parallel()
	t.Run("wizard", func(t *testing.T) {
		t.Parallel()
		f := newFakeApp(t, Wizard)
		c := f.client(t)
		assign(t, f, c, ada)
		mustDo(t, c.DeactivateUser(t.Context(), ada.ID))
		log := f.take()
		wantLines(t, log, "GET /Users/u-1", "PUT /Users/u-1")
		if _, there := log[1].body["groups"]; there || log[1].body["active"] != false {
			t.Errorf("PUT %v: active false and no groups were expected", log[1].body)
		}
		mustDo(t, c.ReactivateUser(t.Context(), ada))
		wantLines(t, f.take(), "GET /Users/u-1", "PUT /Users/u-1")
		if f.users[0]["active"] != true {
			t.Error("not active again")
		}
	})
	t.Run("catalog", func(t *testing.T) {
		t.Parallel()
		f := newFakeApp(t, Catalog)
		c := f.client(t)
		assign(t, f, c, ada)
		mustDo(t, c.DeactivateUser(t.Context(), ada.ID))
		log := f.take()
		wantLines(t, log, "PATCH /Users/u-1")
		wantJSON(t, log[0].body, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false}}]}`)
		mustDo(t, c.ReactivateUser(t.Context(), ada))
		wantLines(t, f.take(), "GET /Users/u-1", "PUT /Users/u-1", "PATCH /Users/u-1")
	})
}

func TestReactivateCreatesWhomTheApplicationForgot(t *testing.T) {
	t.Parallel()
	f := newFakeApp(t, Wizard)
	c := f.client(t)
	assign(t, f, c, ada)
	mustDo(t, c.DeactivateUser(t.Context(), ada.ID))
	f.take()
	f.users = nil
	mustDo(t, c.ReactivateUser(t.Context(), ada))
	wantLines(t, f.take(), "GET /Users/u-1", adaLookup, "POST /Users")
}

func TestNeverPushedPeopleAreNotTouched(t *testing.T) {
	t.Parallel()
	f := newFakeApp(t, Wizard)
	c := f.client(t)
	for name, err := range map[string]error{
		"update":     c.UpdateUser(t.Context(), ada),
		"deactivate": c.DeactivateUser(t.Context(), ada.ID),
	} {
		if !errors.Is(err, ErrNotProvisioned) {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantLines(t, f.take())
}

func mustDo(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportPagesByHundredAndSkipsInactive(t *testing.T) {
	t.Parallel()
	f := newFakeApp(t, Wizard)
	for i := range 205 {
		f.users = append(f.users, map[string]any{"id": fmt.Sprint("u", i), "userName": fmt.Sprintf("p%d@x.example", i), "externalId": "e", "active": i%2 == 0})
	}
	users, err := f.client(t).ImportUsers(t.Context())
	mustDo(t, err)
	wantLines(t, f.take(), "GET /Users?startIndex=1&count=100", "GET /Users?startIndex=101&count=100", "GET /Users?startIndex=201&count=100")
	if len(users) != 103 || users[0] != (RemoteUser{ID: "u0", UserName: "p0@x.example", ExternalID: "e"}) {
		t.Errorf("%d users, first %v", len(users), users[0])
	}

	f.groups = []map[string]any{{"id": "g1", "displayName": "One", "members": []any{map[string]any{"value": "u0"}}}}
	groups, err := f.client(t).ImportGroups(t.Context())
	mustDo(t, err)
	if len(groups) != 1 || groups[0].DisplayName != "One" || !slices.Equal(groups[0].Members, []string{"u0"}) {
		t.Errorf("groups %v", groups)
	}
}

func TestImportRefusesStringsAndEndlessLists(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"totalResults":"3","Resources":[]}`: "no list",
		`{"totalResults":3,"Resources":[]}`:   "ended early",
		`<html>`:                              "no list",
	} {
		f := newFakeApp(t, Wizard)
		f.intercept = func(w http.ResponseWriter, _ *http.Request) bool { fmt.Fprint(w, body); return true }
		if _, err := f.client(t).ImportUsers(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// refusing answers 429 so many times, each with the given Retry-After.
func refusing(times int, retryAfter string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		if times == 0 {
			return false
		}
		times--
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		fail(w, 429, "", "slow down")
		return true
	}
}

func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name       string
		refusals   int
		retryAfter string
		waits      []time.Duration
		gaveUp     bool
	}{
		{"whole seconds are honoured", 2, "120", []time.Duration{2 * time.Minute, 2 * time.Minute}, false},
		{"zero seconds", 1, "0", []time.Duration{0}, false},
		{"absent: five minutes, doubled", 3, "", []time.Duration{5 * time.Minute, 10 * time.Minute, 20 * time.Minute}, false},
		{"a date is ignored", 1, "Tue, 03 Nov 2026 10:00:00 GMT", []time.Duration{5 * time.Minute}, false},
		{"a fraction is ignored", 1, "1.5", []time.Duration{5 * time.Minute}, false},
		{"the tenth refusal is the last", 10, "1", slices.Repeat([]time.Duration{time.Second}, 9), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFakeApp(t, Wizard)
			f.intercept = refusing(tc.refusals, tc.retryAfter)
			var waits []time.Duration
			c := f.client(t, func(cfg *ClientConfig) {
				cfg.Wait = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
			})
			err := c.TestConnection(t.Context())
			if gaveUp := statusOf(err) == 429; gaveUp != tc.gaveUp || (err != nil) != tc.gaveUp {
				t.Errorf("error %v", err)
			}
			if !slices.Equal(waits, tc.waits) {
				t.Errorf("waited %v, want %v", waits, tc.waits)
			}
		})
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := pause(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cut short: %v", err)
		}
		if err := pause(t.Context(), time.Hour); err != nil {
			t.Errorf("whole pause: %v", err)
		}
	})
}

// stalled is a transport that never answers, so that the limit of a request can be tested in the bubble's time.
type stalled struct{}

func (stalled) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestRequestIsGivenUpAfterSixtySeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := NewClient(ClientConfig{SCIMURL: "http://app.example/scim", App: Wizard, HTTPClient: &http.Client{Transport: stalled{}}})
		mustDo(t, err)
		started := time.Now()
		err = c.TestConnection(t.Context())
		if took := time.Since(started); took != time.Minute || err == nil || !strings.Contains(err.Error(), "no answer within 60 seconds") {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

func TestStrangeAnswersAreBoundedAndTold(t *testing.T) {
	t.Parallel()
	t.Run("a proxy's page", func(t *testing.T) {
		t.Parallel()
		f := newFakeApp(t, Wizard)
		f.intercept = func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(502)
			fmt.Fprint(w, "<html>\n"+strings.Repeat("bad gateway ", 1000))
			return true
		}
		err := f.client(t).TestConnection(t.Context())
		if err == nil || !strings.Contains(err.Error(), "Invalid JSON: <html> bad gateway") || len(err.Error()) > 400 {
			t.Errorf("%v", err)
		}
	})
	t.Run("endless", func(t *testing.T) {
		t.Parallel()
		f := newFakeApp(t, Wizard)
		f.intercept = func(w http.ResponseWriter, _ *http.Request) bool {
			chunk := make([]byte, 1<<20)
			for range answerLimit>>20 + 1 {
				if _, err := w.Write(chunk); err != nil {
					break
				}
			}
			return true
		}
		if err := f.client(t).TestConnection(t.Context()); err == nil || !strings.Contains(err.Error(), "longer than") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a redirect keeps the token", func(t *testing.T) {
		t.Parallel()
		elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
		defer elsewhere.Close()
		f := newFakeApp(t, Wizard)
		f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
			return true
		}
		if err := f.client(t).TestConnection(t.Context()); statusOf(err) != http.StatusFound {
			t.Errorf("%v", err)
		}
	})
}

func TestNewClientRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for _, cfg := range []ClientConfig{
		{SCIMURL: "", App: Wizard},
		{SCIMURL: "/scim/v2", App: Wizard},
		{SCIMURL: "ftp://host/scim", App: Wizard},
		{SCIMURL: "https://host/scim", App: "entra"},
		{SCIMURL: "https://host/scim", App: Wizard, ChunkSize: -1},
	} {
		if _, err := NewClient(cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

// FuzzAnswer: whatever an application answers, the client neither panics nor remembers a user without an id.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{"", "null", "[]", `{"id":7}`, `{"name":[],"emails":{},"schemas":1}`, `{"Resources":[null],"totalResults":1}`, `{"detail":{}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		answer{status: 500, body: body}.complaint()
		containsKey(body, "password")
		if list, err := decodeList(body); err == nil {
			for _, r := range list.Resources {
				memberIDs(r)
				isActive(r)
			}
		}
		if r, err := decodeResource(body); err == nil {
			if _, err := encode(mergeProfile(r, ada)); err != nil {
				t.Errorf("what was merged cannot be sent: %v", err)
			}
		}
	})
}

// FuzzRetryAfter: only whole seconds of at most a day are waited for.
func FuzzRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add("-1")
	f.Add("99999999999999999999")
	f.Fuzz(func(t *testing.T, value string) {
		if d, ok := retryAfter(value); d < 0 || d > 24*time.Hour || d%time.Second != 0 || (!ok && d != 0) {
			t.Errorf("%q: %v %v", value, d, ok)
		}
	})
}
