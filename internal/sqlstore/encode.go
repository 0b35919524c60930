package sqlstore

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// instant is the argument for a column of time that may be NULL: microseconds
// since 1970, or NULL for the zero time.
func instant(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	us := t.UnixMicro()
	return &us
}

// instantOf scans a column written by [instant] into t, in UTC.
func instantOf(t *time.Time) *instantScanner { return &instantScanner{t} }

type instantScanner struct{ t *time.Time }

// Scan implements sql.Scanner.
func (s *instantScanner) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*s.t = time.Time{}
	case int64:
		*s.t = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("sqlstore: a time stands as %T", src)
	}
	return nil
}

// durationOf scans a column of microseconds into d.
func durationOf(d *time.Duration) *durationScanner { return &durationScanner{d} }

type durationScanner struct{ d *time.Duration }

// Scan implements sql.Scanner.
func (s *durationScanner) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*s.d = 0
	case int64:
		*s.d = time.Duration(v) * time.Microsecond
	default:
		return fmt.Errorf("sqlstore: a duration stands as %T", src)
	}
	return nil
}

// optional is the argument for a column of text that may be NULL: NULL for "".
func optional[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	text := string(s)
	return &text
}

// optionalOf scans a column written by [optional] into s.
func optionalOf[T ~string](s *T) *optionalScanner[T] { return &optionalScanner[T]{s} }

type optionalScanner[T ~string] struct{ s *T }

// Scan implements sql.Scanner.
func (o *optionalScanner[T]) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*o.s = ""
	case string:
		*o.s = T(v)
	default:
		return fmt.Errorf("sqlstore: text stands as %T", src)
	}
	return nil
}

// blob is the argument for a column of bytes that may not be NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// hexText is bytes as a value of [rowsJSON], read back by [dialect.unhex].
func hexText(b []byte) *string {
	if b == nil {
		return nil
	}
	text := hex.EncodeToString(b)
	return &text
}

// jsonText is the argument for a column that holds JSON. What the domain
// stores so (maps of text, lists of addresses) always has a JSON form.
func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("sqlstore: %T has no JSON form: %v", v, err))
	}
	return string(text)
}

// jsonOf scans a column written by [jsonText] into what v points to; NULL
// leaves it as it is. Numbers of untyped values become json.Number.
func jsonOf(v any) *jsonScanner { return &jsonScanner{v} }

type jsonScanner struct{ v any }

// Scan implements sql.Scanner.
func (s *jsonScanner) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		return nil
	case string:
		return decodeJSON(v, s.v)
	default:
		return fmt.Errorf("sqlstore: JSON stands as %T", src)
	}
}

// set is the argument for json_each($n) that yields each of the ids once, as
// key.
func set[T ~string](ids []T) string {
	keys := make(map[string]int, len(ids))
	for _, id := range ids {
		keys[string(id)] = 1
	}
	return jsonText(keys)
}

// row is one row for [rowsJSON]: column name to a value with a JSON form
// (text, bool, int64, [instant], [optional], [hexText]).
type row map[string]any

// rowsJSON is the argument for json_each($n) that yields one row an item, with
// an object as value. A statement reads the columns as
//
//	value ->> 'name'                    text
//	cast(value ->> 'at' as bigint)      instants and numbers
//	cast(value ->> 'held' as boolean)   booleans
//
// and bytes through [dialect.unhex]. In an INSERT … SELECT … ON CONFLICT,
// SQLite asks for a WHERE (such as `where true`) before ON.
func rowsJSON[T any](items []T, of func(T) row) string {
	all := make(map[string]row, len(items))
	for i, item := range items {
		all[strconv.Itoa(i)] = of(item)
	}
	return jsonText(all)
}

func decodeJSON(text string, into any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("sqlstore: stored JSON: %w", err)
	}
	return nil
}
