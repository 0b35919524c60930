package web

import (
	"fmt"
	"strconv"
	"strings"
)

// Text is one string of the catalogue. Its placeholders are {1}, {2}, … in any order. One is used instead of Other
// when the first argument is the number 1.
type Text struct{ One, Other string }

// Texts is what one package adds to the catalogue, by key ("sign_in.title").
type Texts map[string]Text

// Catalogue holds every string that people see on pages.
type Catalogue struct{ texts Texts }

// NewCatalogue joins the frame's own texts and those of other packages. A key given twice is an error, and so is a
// text without words.
func NewCatalogue(parts ...Texts) (*Catalogue, error) {
	all := Texts{}
	for _, part := range append([]Texts{frameTexts}, parts...) {
		for key, text := range part {
			if _, twice := all[key]; twice {
				return nil, fmt.Errorf("catalogue: key %q given twice", key)
			}
			if text.Other == "" {
				return nil, fmt.Errorf("catalogue: key %q has no text", key)
			}
			all[key] = text
		}
	}
	return &Catalogue{all}, nil
}

// Has reports whether the catalogue knows a key.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.texts[key]
	return ok
}

// T is the text of a key with its arguments filled in; whole numbers get separators (25,000). An unknown key comes
// back as it is: tests and [NewPages] find it before anybody sees it.
func (c *Catalogue) T(key string, args ...any) string {
	text, ok := c.texts[key]
	if !ok {
		return key
	}
	format := text.Other
	if len(args) > 0 && args[0] == 1 && text.One != "" {
		format = text.One
	}
	var words []string
	for i, arg := range args {
		words = append(words, fmt.Sprintf("{%d}", i+1), word(arg))
	}
	return strings.NewReplacer(words...).Replace(format)
}

func word(arg any) string {
	if n, ok := arg.(int); ok {
		return grouped(n)
	}
	return fmt.Sprint(arg)
}

// grouped writes 1234567 as 1,234,567.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}
