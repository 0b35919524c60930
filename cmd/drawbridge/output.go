package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// show prints what a command found: value for programs, text for people.
func (sh *shell) show(value any, text string) error {
	if sh.json {
		return sh.printJSON(value)
	}
	_, err := io.WriteString(sh.out, text)
	return err
}

func (sh *shell) printJSON(value any) error {
	encoder := json.NewEncoder(sh.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// collect converts a list. The result is never nil, so that JSON has an array.
func collect[From, To any](all []From, convert func(From) To) []To {
	converted := make([]To, 0, len(all))
	for _, one := range all {
		converted = append(converted, convert(one))
	}
	return converted
}

// table aligns rows below their headings. Of no rows it says that there are none.
func table(headings []string, rows [][]string) string {
	if len(rows) == 0 {
		return "none\n"
	}
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{headings}, rows...) {
		cells := collect(row, printable)
		_, _ = io.WriteString(w, strings.Join(cells, "\t")+"\n")
	}
	_ = w.Flush() // a strings.Builder takes everything
	return out.String()
}

// facts aligns names and their values, given in turn, and leaves out what is
// empty.
func facts(pairs ...string) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			_, _ = io.WriteString(w, pairs[i]+"\t"+printable(pairs[i+1])+"\n")
		}
	}
	_ = w.Flush() // a strings.Builder takes everything
	return out.String()
}

// printable keeps names that strangers chose from steering the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// stamp is a time as programs read it: UTC, whole seconds. The zero time stays zero.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// when is a time as people read it.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// counted is a number with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
