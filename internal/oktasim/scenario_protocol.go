package oktasim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

const errorSchema = "urn:ietf:params:scim:api:messages:2.0:Error"

// judgeProtocol asks for what holds for every answer.
func (s *scenario) judgeProtocol(ctx context.Context) {
	s.step(ctx, "numbers of a list are JSON numbers", s.numbers)
	s.step(ctx, "lists have a stable order", s.stableOrder)
	s.step(ctx, "a filter on an unknown attribute is not everybody", s.unknownFilter)
	s.step(ctx, "an unknown user is a SCIM error 404", s.unknownUser)
	s.step(ctx, "a wrong token is refused with 401", s.wrongToken)
	s.step(ctx, "a password is never echoed", func(context.Context) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.leaked != "" {
			return expect("no answer with a password", "one to "+s.leaked)
		}
		return nil
	})
}

func (s *scenario) numbers(ctx context.Context) error {
	a, err := s.client.call(ctx, http.MethodGet, "/Users?startIndex=1&count=1", nil)
	if err != nil {
		return err
	}
	var list map[string]json.RawMessage
	if err := json.Unmarshal(a.body, &list); err != nil {
		return fmt.Errorf("the answer is no JSON object: %w", err)
	}
	for _, key := range []string{"totalResults", "startIndex", "itemsPerPage"} {
		var n json.Number
		value := list[key]
		if len(value) == 0 || value[0] == '"' || json.Unmarshal(value, &n) != nil {
			return expect(key+" as a JSON number, or Okta's import finds nobody", fmt.Sprintf("%q", value))
		}
	}
	return nil
}

// stableOrder reads the beginning of the list in one page and in two.
func (s *scenario) stableOrder(ctx context.Context) error {
	whole, err := s.pageIDs(ctx, 1, 4)
	if err != nil {
		return err
	}
	first, err := s.pageIDs(ctx, 1, 2)
	if err != nil {
		return err
	}
	second, err := s.pageIDs(ctx, 3, 2)
	if err != nil {
		return err
	}
	if pages := append(first, second...); !slices.Equal(whole, pages) {
		return expect("the same users in two pages of 2 as in one of 4", fmt.Sprintf("%v and %v", pages, whole))
	}
	return nil
}

func (s *scenario) pageIDs(ctx context.Context, start, count int) ([]string, error) {
	a, err := s.client.call(ctx, http.MethodGet, fmt.Sprintf("/Users?startIndex=%d&count=%d", start, count), nil)
	if err != nil {
		return nil, err
	}
	list, err := decodeList(a.body)
	if err != nil {
		return nil, err
	}
	if len(list.Resources) > count {
		return nil, expect(fmt.Sprintf("at most %d users", count), fmt.Sprint(len(list.Resources)))
	}
	ids := []string{}
	for _, r := range list.Resources {
		id, _ := r["id"].(string)
		ids = append(ids, id)
	}
	return ids, nil
}

// unknownFilter: a server that ignores a filter hands Okta a stranger to link.
func (s *scenario) unknownFilter(ctx context.Context) error {
	a, err := s.client.call(ctx, http.MethodGet, lookupTarget("/Users", "noSuchAttribute", s.people[0].Login), nil)
	if statusOf(err) == http.StatusBadRequest {
		return checkErrorShape(a)
	}
	if err != nil {
		return expect("400, or an empty list", err.Error())
	}
	list, err := decodeList(a.body)
	if err != nil {
		return err
	}
	if len(list.Resources) > 0 || list.TotalResults > 0 {
		return expect("400, or an empty list", countOf(list.TotalResults, "user"))
	}
	return nil
}

func (s *scenario) unknownUser(ctx context.Context) error {
	a, err := s.client.call(ctx, http.MethodGet, "/Users/no-such-user", nil)
	if statusOf(err) != http.StatusNotFound {
		return expect("404", fmt.Sprint(a.status))
	}
	return checkErrorShape(a)
}

func (s *scenario) wrongToken(ctx context.Context) error {
	stranger := *s.client
	stranger.token = "wrong-" + s.people[0].ID
	a, err := stranger.call(ctx, http.MethodGet, "/Users?startIndex=1&count=2", nil)
	if statusOf(err) != http.StatusUnauthorized {
		return expect("401", fmt.Sprint(a.status))
	}
	return checkErrorShape(a)
}

// checkErrorShape wants the error of RFC 7644 section 3.12, whose status is a string.
func checkErrorShape(a answer) error {
	var body struct {
		Schemas []string `json:"schemas"`
		Status  any      `json:"status"`
	}
	if err := json.Unmarshal(a.body, &body); err != nil {
		return expect("a SCIM error as JSON", excerpt(a.body))
	}
	if !slices.Contains(body.Schemas, errorSchema) {
		return expect("the schema "+errorSchema, strings.Join(body.Schemas, ", "))
	}
	if body.Status != fmt.Sprint(a.status) {
		return expect(fmt.Sprintf("status as the string %q", fmt.Sprint(a.status)), fmt.Sprintf("%#v", body.Status))
	}
	return nil
}

// containsKey looks for a key at any depth of a JSON text, in any letter case.
func containsKey(body []byte, key string) bool {
	var v any
	if json.NewDecoder(bytes.NewReader(body)).Decode(&v) != nil {
		return false
	}
	return hasKey(v, key)
}

func hasKey(v any, key string) bool {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			if strings.EqualFold(k, key) || hasKey(inner, key) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(inner any) bool { return hasKey(inner, key) })
	}
	return false
}
