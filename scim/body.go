package scim

import (
	"encoding/json"
	"io"
	"strings"
	"unicode/utf8"

	"drawbridge/provisioning"
)

// maxDepth bounds how deep arrays and objects stand within one another, and
// maxValues how many values are held: an empty object of three bytes costs some
// hundred.
const (
	maxDepth  = 32
	maxValues = 100_000
)

// readJSON reads a body that is one JSON object, in time linear in its length
// and with bounded recursion. Numbers become json.Number. What is no JSON, has
// text behind the object, a name twice (case aside: RFC 7643 §2.1), a NUL
// character, invalid UTF-8, more than 32 levels or 100,000 values is an [*Error] of scimType
// invalidSyntax. An error of r itself, such as a size limit's, comes back as
// it is.
func readJSON(r io.Reader) (map[string]any, error) {
	b := newBody(r)
	out := map[string]any{}
	err := b.document(func(name string) (err error) {
		out[name], err = b.value()
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// body reads the tokens of a JSON document and holds its bounds.
type body struct {
	source *utf8Reader
	dec    *json.Decoder
	depth  int
	values int // held; whoever drops what was read sets it back
}

func newBody(r io.Reader) *body {
	source := &utf8Reader{r: r}
	dec := json.NewDecoder(source)
	dec.UseNumber()
	return &body{source: source, dec: dec}
}

// document reads the whole body: one object, each of its values by member.
func (b *body) document(member func(name string) error) error {
	token, err := b.token()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return badRequest(typeInvalidSyntax, "The body is no JSON object.")
	}
	if err := b.object(member); err != nil {
		return err
	}
	if _, err := b.dec.Token(); err != io.EOF {
		return b.fault(badRequest(typeInvalidSyntax, "Something follows the JSON object of the body."))
	}
	return b.fault(nil)
}

// object reads the rest of an object whose opening brace was read.
func (b *body) object(member func(name string) error) error {
	if err := b.enter(); err != nil {
		return err
	}
	seen := map[string]string{}
	for b.dec.More() {
		token, err := b.token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		folded := provisioning.Fold(name)
		if earlier, twice := seen[folded]; twice {
			return badRequest(typeInvalidSyntax, "The body names %s twice (as %s); upper and lower case do not count.", excerpt(earlier), excerpt(name))
		}
		seen[folded] = name
		if err := member(name); err != nil {
			return err
		}
	}
	return b.leave()
}

// array reads the rest of an array whose opening bracket was read; element
// reads one element.
func (b *body) array(element func() error) error {
	if err := b.enter(); err != nil {
		return err
	}
	for b.dec.More() {
		if err := element(); err != nil {
			return err
		}
	}
	return b.leave()
}

func (b *body) enter() error {
	if b.depth++; b.depth > maxDepth {
		return badRequest(typeInvalidSyntax, "The body nests arrays and objects more than %d deep.", maxDepth)
	}
	return nil
}

// leave reads the closing sign.
func (b *body) leave() error {
	b.depth--
	_, err := b.token()
	return err
}

func (b *body) value() (any, error) {
	token, err := b.token()
	if err != nil {
		return nil, err
	}
	return b.valueFrom(token)
}

// valueFrom reads the rest of a value of which token was the first.
func (b *body) valueFrom(token json.Token) (any, error) {
	if b.values++; b.values > maxValues {
		return nil, badRequest(typeInvalidSyntax, "The body has more than %d values beside the members of a group.", maxValues)
	}
	switch token {
	case json.Delim('{'):
		out := map[string]any{}
		err := b.object(func(name string) error {
			value, err := b.value()
			out[name] = value
			return err
		})
		return out, err
	case json.Delim('['):
		out := []any{}
		err := b.array(func() error {
			value, err := b.value()
			out = append(out, value)
			return err
		})
		return out, err
	}
	return token, nil
}

// drop is told how many values are held once what was read since is dropped.
func (b *body) drop(held int) { b.values = held }

func (b *body) token() (json.Token, error) {
	token, err := b.dec.Token()
	if err != nil {
		return nil, b.fault(badRequest(typeInvalidSyntax, "The body is no JSON, or breaks off, after %d bytes.", b.dec.InputOffset()))
	}
	if text, ok := token.(string); ok && strings.IndexByte(text, 0) >= 0 {
		return nil, badRequest(typeInvalidSyntax, "The body contains a NUL character.")
	}
	return token, b.fault(nil)
}

// fault prefers what went wrong beneath the decoder to what the decoder says.
func (b *body) fault(err error) error {
	switch {
	case b.source.err != nil:
		return b.source.err
	case b.source.invalid:
		return badRequest(typeInvalidSyntax, "The body is not valid UTF-8.")
	}
	return err
}

// utf8Reader notes whether the bytes that pass are UTF-8, which the decoder
// would silently mend, and keeps the error of what it reads from.
type utf8Reader struct {
	r       io.Reader
	tail    [utf8.UTFMax]byte // the beginning of a rune that the last read cut
	cut     int
	invalid bool
	err     error
}

// Read fills p if it can. Whenever the decoder gets more it looks through the
// white space before that once more, and doubles its buffer when that is full:
// so the time is linear only if it gets no small portions.
func (u *utf8Reader) Read(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		more, err = u.r.Read(p[n:])
		n += more
	}
	u.check(p[:n])
	switch {
	case err == io.EOF:
		u.invalid = u.invalid || u.cut > 0
	case err != nil:
		u.err = err
	}
	return n, err
}

func (u *utf8Reader) check(p []byte) {
	for u.cut > 0 && len(p) > 0 {
		u.tail[u.cut] = p[0]
		u.cut, p = u.cut+1, p[1:]
		if utf8.FullRune(u.tail[:u.cut]) {
			u.invalid = u.invalid || !utf8.Valid(u.tail[:u.cut])
			u.cut = 0
		}
	}
	whole := len(p)
	for back := 1; back < utf8.UTFMax && back <= len(p); back++ {
		if at := len(p) - back; utf8.RuneStart(p[at]) {
			if !utf8.FullRune(p[at:]) {
				whole = at
			}
			break
		}
	}
	u.invalid = u.invalid || !utf8.Valid(p[:whole])
	u.cut += copy(u.tail[u.cut:], p[whole:])
}
