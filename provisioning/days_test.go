package provisioning

import (
	"testing"
	"time"
)

// Zones that put their clocks forward at midnight, back over it, or skip a day.
var oddZones = []string{
	"UTC", "Europe/Paris", "America/Sao_Paulo", "America/Havana", "Africa/Cairo", "Asia/Beirut", "Asia/Amman",
	"America/Asuncion", "Atlantic/Azores", "America/Scoresbysund", "Asia/Tehran", "Australia/Lord_Howe",
	"Asia/Kathmandu", "Pacific/Apia", "America/St_Johns",
}

// A day begins with the first instant that has its date, and ends with the first
// of another, whatever clocks do in between.
func TestInactivity_ADayBeginsWithItsFirstInstant_InEveryZone(t *testing.T) {
	t.Parallel()
	for _, name := range oddZones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for now := time.Date(2009, 12, 25, 3, 17, 0, 0, time.UTC); now.Year() < 2025; now = now.Add(6*time.Hour + 7*time.Minute) {
			start, end := startOfDay(now, zone), endOfDay(now, zone)
			if start.After(now) || !sameDate(start, now.In(zone)) || sameDate(start.Add(-1), now.In(zone)) {
				t.Fatalf("%s: the day of %s begins at %s", name, now.In(zone), start)
			}
			if !end.After(now) || sameDate(end, now.In(zone)) || !sameDate(end.Add(-1), now.In(zone)) {
				t.Fatalf("%s: the day of %s ends at %s", name, now.In(zone), end)
			}
		}
	}
}

func sameDate(a, b time.Time) bool {
	y, m, d := a.Date()
	year, month, date := b.Date()
	return y == year && m == month && d == date
}
