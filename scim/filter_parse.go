package scim

import (
	"unicode/utf8"

	"drawbridge/provisioning"
)

// limits bounds what the parser reads, before it reads it.
type limits struct {
	length int // bytes
	depth  int // brackets of either kind within one another
	terms  int // comparisons
}

var filterLimits = limits{length: 4096, depth: 16, terms: 64}

// node is a condition as it was written, its names not yet looked up.
type node interface{ node() }

type (
	logicalNode struct {
		and         bool
		left, right node
	}
	notNode     struct{ inner node }
	compareNode struct {
		name  token
		op    provisioning.Comparator
		value literal
	}
	// elementNode is name[inner], with after set name[inner].sub op value.
	elementNode struct {
		name  token
		inner node
		after *compareNode
	}
)

func (logicalNode) node() {}
func (notNode) node()     {}
func (compareNode) node() {}
func (elementNode) node() {}

type literalKind int

const (
	literalNone literalKind = iota
	literalText
	literalBool
	literalNumber
	literalNull
)

type literal struct {
	kind literalKind
	text string
	at   int
}

// isTrue is the value of a literal that is, or spells, a boolean.
func (v literal) isTrue() bool { return provisioning.Fold(v.text) == "true" }

var comparators = map[string]provisioning.Comparator{
	"eq": provisioning.Equal, "ne": provisioning.NotEqual, "co": provisioning.Contains,
	"sw": provisioning.StartsWith, "ew": provisioning.EndsWith, "pr": provisioning.Present,
	"gt": provisioning.Greater, "ge": provisioning.GreaterEqual,
	"lt": provisioning.Less, "le": provisioning.LessEqual,
}

// parser reads the grammar of RFC 7644 §3.4.2.2 by recursive descent. Each
// level of recursion costs a bracket, and brackets are counted.
type parser struct {
	lexer
	tok    token
	limits limits
	depth  int
	terms  int
}

func newParser(what, scimType, text string, lim limits) (*parser, error) {
	p := &parser{lexer: lexer{text: text, what: what, scimType: scimType}, limits: lim}
	switch {
	case len(text) > lim.length:
		return nil, badRequest(scimType, "The %s is longer than %d bytes.", what, lim.length)
	case !utf8.ValidString(text):
		return nil, badRequest(scimType, "The %s is not valid UTF-8.", what)
	}
	return p, p.advance()
}

func (p *parser) advance() (err error) {
	p.tok, err = p.next()
	return err
}

func (p *parser) isWord(word string) bool {
	return p.tok.kind == tokenWord && provisioning.Fold(p.tok.text) == word
}

func (p *parser) expect(kind tokenKind, sign string) error {
	if p.tok.kind != kind {
		return p.fail(p.tok.at, "%s is expected here.", sign)
	}
	return p.advance()
}

// whole reads a condition that is the whole text.
func (p *parser) whole() (node, error) {
	if p.tok.kind == tokenEnd {
		return nil, badRequest(p.scimType, "The %s is empty.", p.what)
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	return n, p.end()
}

func (p *parser) end() error {
	if p.tok.kind != tokenEnd {
		return p.fail(p.tok.at, "%s is left over.", excerpt(p.tok.text))
	}
	return nil
}

func (p *parser) or() (node, error) { return p.chain("or", p.and) }

func (p *parser) and() (node, error) { return p.chain("and", p.factor) }

func (p *parser) chain(word string, operand func() (node, error)) (node, error) {
	left, err := operand()
	for err == nil && p.isWord(word) {
		if err = p.advance(); err != nil {
			break
		}
		var right node
		right, err = operand()
		left = logicalNode{and: word == "and", left: left, right: right}
	}
	return left, err
}

func (p *parser) factor() (node, error) {
	switch {
	case p.tok.kind == tokenOpen:
		return p.enclosed(tokenClose, "a closing bracket )")
	case p.isWord("not"):
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.tok.kind != tokenOpen {
			return nil, p.fail(p.tok.at, "an opening bracket ( is expected after not.")
		}
		inner, err := p.enclosed(tokenClose, "a closing bracket )")
		return notNode{inner}, err
	case p.tok.kind == tokenWord:
		return p.term()
	}
	return nil, p.fail(p.tok.at, "the name of an attribute is expected here.")
}

// enclosed reads a condition between brackets, standing on the opening one.
func (p *parser) enclosed(closing tokenKind, sign string) (node, error) {
	if p.depth++; p.depth > p.limits.depth {
		return nil, p.fail(p.tok.at, "brackets stand more than %d deep.", p.limits.depth)
	}
	defer func() { p.depth-- }()
	if err := p.advance(); err != nil {
		return nil, err
	}
	inner, err := p.or()
	if err != nil {
		return nil, err
	}
	return inner, p.expect(closing, sign)
}

func (p *parser) term() (node, error) {
	name := p.tok
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind != tokenOpenBracket {
		return p.comparison(name)
	}
	inner, err := p.enclosed(tokenCloseBracket, "a closing bracket ]")
	if err != nil {
		return nil, err
	}
	sub, ok, err := p.subAttribute()
	if err != nil || !ok {
		return elementNode{name: name, inner: inner}, err
	}
	after, err := p.comparison(sub)
	return elementNode{name: name, inner: inner, after: &after}, err
}

// subAttribute reads the ".name" that may follow a closing square bracket.
func (p *parser) subAttribute() (sub token, ok bool, err error) {
	if p.tok.kind != tokenWord || p.tok.text[0] != '.' {
		return token{}, false, nil
	}
	sub = token{kind: tokenWord, text: p.tok.text[1:], at: p.tok.at + 1}
	return sub, true, p.advance()
}

func (p *parser) comparison(name token) (compareNode, error) {
	op, ok := comparators[provisioning.Fold(p.tok.text)]
	if p.tok.kind != tokenWord || !ok {
		return compareNode{}, p.fail(p.tok.at, "an operator (eq, ne, co, sw, ew, pr, gt, ge, lt, le) is expected here.")
	}
	if p.terms++; p.terms > p.limits.terms {
		return compareNode{}, p.fail(name.at, "there are more than %d comparisons.", p.limits.terms)
	}
	if err := p.advance(); err != nil {
		return compareNode{}, err
	}
	n := compareNode{name: name, op: op}
	if op == provisioning.Present {
		return n, nil
	}
	var err error
	n.value, err = p.literal()
	return n, err
}

func (p *parser) literal() (literal, error) {
	v := literal{text: p.tok.text, at: p.tok.at}
	switch {
	case p.tok.kind == tokenString:
		v.kind = literalText
	case p.tok.kind == tokenNumber:
		v.kind = literalNumber
	case p.isWord("true"), p.isWord("false"):
		v.kind = literalBool
	case p.isWord("null"):
		v.kind = literalNull
	default:
		return v, p.fail(p.tok.at, `a value is expected here; text stands in double quotes, as in userName eq "ann@example.com".`)
	}
	return v, p.advance()
}
