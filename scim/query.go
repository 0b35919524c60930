package scim

import (
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"drawbridge/provisioning"
)

const listURN = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

// Sizes of a page of a list.
const (
	defaultCount = 100
	maxCount     = 1000
)

// parameters are those of a URL by folded name, so that "Filter" never means
// everybody. Unknown ones are ignored: Entra ID leaves flags of its own there.
type parameters map[string][]string

// readParameters refuses a query that is malformed anywhere: half of one could
// have lost its filter.
func readParameters(raw string) (parameters, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badRequest(typeInvalidValue, "The query of the URL is malformed. Characters such as %%, ; and & must be percent-encoded in values.")
	}
	p := make(parameters, len(values))
	for name, value := range values {
		folded := provisioning.Fold(name)
		p[folded] = append(p[folded], value...)
	}
	return p, nil
}

// one returns a parameter that may come once.
func (p parameters) one(name string) (value string, given bool, err error) {
	values := p[provisioning.Fold(name)]
	switch len(values) {
	case 0:
		return "", false, nil
	case 1:
		return values[0], true, nil
	}
	return "", true, badRequest(typeInvalidValue, "The parameter %s is given more than once.", name)
}

// number returns a whole number; one that is too large for its type is as good
// as the largest.
func (p parameters) number(name string, unless int) (int, error) {
	text, given, err := p.one(name)
	if err != nil || !given {
		return unless, err
	}
	n, err := strconv.Atoi(text)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, badRequest(typeInvalidValue, "%s must be a whole number.", name)
	}
	return min(n, math.MaxInt32), nil
}

// listQuery is what a list is asked for (RFC 7644 §3.4.2).
type listQuery struct {
	filter provisioning.Filter // nil: none was given
	start  int                 // from 1
	count  int
}

func (p parameters) list(parse func(string) (provisioning.Filter, error)) (q listQuery, err error) {
	text, given, err := p.one("filter")
	if err != nil {
		return q, err
	}
	if given {
		if q.filter, err = parse(text); err != nil {
			return q, err
		}
	}
	if q.start, err = p.number("startIndex", 1); err != nil {
		return q, err
	}
	if q.count, err = p.number("count", defaultCount); err != nil {
		return q, err
	}
	q.start = max(q.start, 1)
	q.count = min(max(q.count, 0), maxCount)
	return q, nil
}

// listBody is the ListResponse of RFC 7644 §3.4.2.
type listBody struct {
	Schemas      []string `json:"schemas"`
	TotalResults int      `json:"totalResults"`
	StartIndex   int      `json:"startIndex"`
	ItemsPerPage int      `json:"itemsPerPage"`
	Resources    []any    `json:"Resources"`
}

// listAnswer answers with a page; resources is empty, not nil, if there are
// none.
func listAnswer(resources []any, total, start int) answer {
	return answer{status: http.StatusOK, body: listBody{
		Schemas: []string{listURN}, TotalResults: total, StartIndex: start,
		ItemsPerPage: len(resources), Resources: resources,
	}}
}

// projection reads which attributes of a kind of resource are asked for.
func (p parameters) projection(rt *resourceType) (projection, error) {
	include, exclude := p.names("attributes"), p.names("excludedAttributes")
	if len(include) > 0 && len(exclude) > 0 {
		return projection{}, badRequest(typeInvalidValue, "attributes and excludedAttributes cannot be combined.")
	}
	return newProjection(rt, include, exclude), nil
}

func (p parameters) names(parameter string) []string {
	return strings.FieldsFunc(strings.Join(p[provisioning.Fold(parameter)], ","), func(r rune) bool {
		return r == ',' || r == ' '
	})
}
