package sqlstore

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"drawbridge/provisioning"
)

// sent is one row of everything that statements send and get back.
type sent struct {
	Time, NoTime  time.Time
	Span, NoSpan  time.Duration
	Text, NoText  string
	Bytes         []byte
	NoBytes       []byte
	JSON          map[string]any
	NoJSON        map[string]string
	True, False   bool
	Number        int64
	FromRow       string
	AwkwardInJSON string
}

func scanSent(r rows) (sent, error) {
	var s sent
	err := r.Scan(instantOf(&s.Time), instantOf(&s.NoTime), durationOf(&s.Span), durationOf(&s.NoSpan), optionalOf(&s.Text),
		optionalOf(&s.NoText), &s.Bytes, &s.NoBytes, jsonOf(&s.JSON), jsonOf(&s.NoJSON), &s.True, &s.False, &s.Number, &s.FromRow, &s.AwkwardInJSON)
	return s, err
}

func TestWhatIsSentComesBack(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		want := sent{
			Time: time.Date(2026, 2, 3, 4, 5, 6, 789012000, time.UTC), Span: 90 * time.Minute, Text: "Zoë", Bytes: []byte{0, 1, 255},
			JSON: map[string]any{"n": json.Number("12345678901234567890"), "s": "<é>"}, True: true, Number: 1 << 62,
			FromRow: "row", AwkwardInJSON: "\"\\\u2028<script>\x7f'😀",
		}
		db := s.engine.bare()
		rows := rowsJSON([]sent{want}, func(w sent) row {
			return row{
				"time": instant(w.Time), "noTime": instant(w.NoTime), "span": w.Span.Microseconds(), "noSpan": nil,
				"text": optional(w.Text), "noText": optional(w.NoText),
				"bytes": hexText(w.Bytes), "noBytes": hexText(w.NoBytes), "json": jsonText(w.JSON), "noJSON": nil,
				"true": w.True, "false": w.False, "number": w.Number, "row": w.FromRow, "awkward": w.AwkwardInJSON,
			}
		})
		got, err := one(t.Context(), db, scanSent, `
			select cast(value ->> 'time' as bigint), cast(value ->> 'noTime' as bigint),
				cast(value ->> 'span' as bigint), cast(value ->> 'noSpan' as bigint), value ->> 'text', value ->> 'noText',
				`+db.unhex(`value ->> 'bytes'`)+`, `+db.unhex(`value ->> 'noBytes'`)+`, value ->> 'json', value ->> 'noJSON',
				cast(value ->> 'true' as boolean), cast(value ->> 'false' as boolean),
				cast(value ->> 'number' as bigint), value ->> 'row', value ->> 'awkward'
			from json_each($1)`, rows)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got\n%+v\nwant\n%+v", got, want)
		}
	})
}

func TestSetYieldsEachIDOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		for _, test := range []struct {
			ids  []provisioning.UserID
			want int
		}{
			{nil, 0},
			{[]provisioning.UserID{"b", "a", "b", `"`}, 3},
		} {
			n, err := one(t.Context(), s.engine.bare(), value[int], `select count(key) from json_each($1)`, set(test.ids))
			if err != nil || n != test.want {
				t.Errorf("set(%q) yields %d (%v), want %d", test.ids, n, err, test.want)
			}
		}
	})
}

func TestBlobIsNeverNULL(t *testing.T) {
	t.Parallel()
	if blob(nil) == nil || !bytes.Equal(blob([]byte("x")), []byte("x")) {
		t.Error("blob(nil) is nil")
	}
}

func TestScannersRefuseOtherTypes(t *testing.T) {
	t.Parallel()
	var at time.Time
	var text string
	for name, err := range map[string]error{
		"time":      instantOf(&at).Scan("2026"),
		"duration":  durationOf(new(time.Duration)).Scan("15m"),
		"text":      optionalOf(&text).Scan(int64(1)),
		"JSON type": jsonOf(&text).Scan(int64(1)),
		"JSON text": jsonOf(&text).Scan("{"),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
