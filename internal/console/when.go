package console

import (
	"strings"
	"time"
)

// moment is a point in time as pages show it: relative to now, with the exact time behind it.
type moment struct {
	Text    string // "3 days ago", "in 23 hours", "on 3 May 2026"
	Machine string // RFC 3339, in UTC
	Exact   string // "3 May 2026, 14:05 UTC"
}

// relativeFor is how far from now a time is still told by its distance.
const relativeFor = 30 * 24 * time.Hour

func (h *Handler) moment(at time.Time) moment {
	at = at.UTC()
	return moment{
		Text:    h.relative(at),
		Machine: at.Format(time.RFC3339),
		Exact:   h.t("when.exact", at.Format("2 January 2006"), at.Format("15:04")),
	}
}

func (h *Handler) relative(at time.Time) string {
	distance := h.now().Sub(at)
	if distance.Abs() >= relativeFor {
		return h.t("when.date", at.Format("2 January 2006"))
	}
	if distance < 0 {
		return h.t(spanKey("when.in_", -distance), spanCount(-distance))
	}
	return h.t(spanKey("when.ago_", distance), spanCount(distance))
}

// spanKey ends a catalogue key with the unit in which a length of time is told.
func spanKey(prefix string, d time.Duration) string {
	switch {
	case d < time.Minute:
		return prefix + "now"
	case d < time.Hour:
		return prefix + "minutes"
	case d < 24*time.Hour:
		return prefix + "hours"
	default:
		return prefix + "days"
	}
}

// spanCount is the number of whole units of that length.
func spanCount(d time.Duration) int {
	switch {
	case d < time.Hour:
		return int(d / time.Minute)
	case d < 24*time.Hour:
		return int(d / time.Hour)
	default:
		return int(d / (24 * time.Hour))
	}
}

// phrase is a text with a moment somewhere in it, or with none.
type phrase struct {
	Before string
	At     *moment
	After  string
}

// momentMark stands in a text for the moment until the text is cut there. No name can hold it.
const momentMark = "\x00"

// say is a text of the catalogue without a moment.
func (h *Handler) say(key string, args ...any) phrase { return phrase{Before: h.t(key, args...)} }

// sayAt is a text of the catalogue whose last placeholder is a moment.
func (h *Handler) sayAt(key string, at time.Time, args ...any) phrase {
	before, after, _ := strings.Cut(h.t(key, append(args, momentMark)...), momentMark)
	m := h.moment(at)
	return phrase{Before: before, At: &m, After: after}
}
