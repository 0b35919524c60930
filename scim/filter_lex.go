package scim

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenString
	tokenNumber
	tokenOpen
	tokenClose
	tokenOpenBracket
	tokenCloseBracket
)

// token is one lexical unit of a filter or path.
type token struct {
	kind tokenKind
	text string // as written; of a string what it means
	at   int    // byte offset
}

// lexer cuts a filter or path into tokens. Its errors name the place.
type lexer struct {
	text     string
	pos      int
	what     string // "filter" or "path", for messages
	scimType string
}

var punctuation = map[byte]tokenKind{
	'(': tokenOpen, ')': tokenClose, '[': tokenOpenBracket, ']': tokenCloseBracket,
}

func (l *lexer) next() (token, error) {
	for l.pos < len(l.text) && l.text[l.pos] == ' ' {
		l.pos++
	}
	if l.pos == len(l.text) {
		return token{kind: tokenEnd, at: l.pos}, nil
	}
	start := l.pos
	if kind, ok := punctuation[l.text[start]]; ok {
		l.pos++
		return token{kind: kind, text: l.text[start:l.pos], at: start}, nil
	}
	if l.text[start] == '"' {
		return l.quoted()
	}
	for l.pos < len(l.text) && wordByte(l.text[l.pos]) {
		l.pos++
	}
	if l.pos == start {
		r, _ := utf8.DecodeRuneInString(l.text[start:])
		return token{}, l.fail(start, "%q is not expected outside double quotes.", r)
	}
	return l.word(start)
}

func (l *lexer) word(start int) (token, error) {
	text := l.text[start:l.pos]
	if text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return token{kind: tokenWord, text: text, at: start}, nil
	}
	if !json.Valid([]byte(text)) {
		return token{}, l.fail(start, "%s is no number; text stands in double quotes.", excerpt(text))
	}
	return token{kind: tokenNumber, text: text, at: start}, nil
}

// quoted reads a JSON string, escapes and all (RFC 7644 §3.4.2.2).
func (l *lexer) quoted() (token, error) {
	start := l.pos
	for l.pos++; l.pos < len(l.text); l.pos++ {
		switch l.text[l.pos] {
		case '\\':
			l.pos++
		case '"':
			l.pos++
			return l.decode(start)
		}
	}
	return token{}, l.fail(start, "the text that begins here has no closing double quote.")
}

func (l *lexer) decode(start int) (token, error) {
	var text string
	if json.Unmarshal([]byte(l.text[start:l.pos]), &text) != nil {
		return token{}, l.fail(start, "the text that begins here is no JSON string; check its backslashes.")
	}
	if strings.ContainsRune(text, 0) {
		return token{}, l.fail(start, "the text that begins here contains a NUL character.")
	}
	return token{kind: tokenString, text: text, at: start}, nil
}

func wordByte(b byte) bool {
	switch {
	case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9':
		return true
	}
	return strings.IndexByte("_-$:.+", b) >= 0
}

// fail makes the error for a place in the text, counted in characters from 1.
func (l *lexer) fail(at int, format string, args ...any) *Error {
	place := utf8.RuneCountInString(l.text[:at]) + 1
	return badRequest(l.scimType, "The %s is not understood at character %d: "+format,
		append([]any{l.what, place}, args...)...)
}
