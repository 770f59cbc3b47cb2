package atlan

import (
	"errors"
	"strings"
	"testing"
)

func TestT10Schedules(t *testing.T) {
	for _, good := range []string{
		"* * * * *", "0 6 * * 1-5", "*/15 0-23/2 1,15 JAN-mar SUN", "  5  4 * *   sat ", "59 23 31 12 6", "0 0 1-31/7 * MON,WED,FRI",
	} {
		s, err := Schedule{Cron: good}.check()
		if err != nil || s.Timezone != "UTC" || s.Cron != strings.Join(strings.Fields(good), " ") {
			t.Errorf("%q: %+v, %v", good, s, err)
		}
	}
	for bad, why := range map[string]string{
		"": "empty", "@daily": "five fields", "0 6 * *": "4 fields", "0 0 6 * * ?": "Quartz", "0 0 6 * * ? 2026": "Quartz", "CRON_TZ=UTC 0 6 * *": "Timezone",
		"60 * * * *": "between 0 and 59", "* 24 * * *": "between 0 and 23", "* * 0 * *": "between 1 and 31", "* * * 13 *": "between 1 and 12",
		"* * * * 7": "Sunday is 0", "* * * * 8": "between 0 and 6", "* * * FEBR *": "neither", "* * * * ANM": "neither", "5-1 * * * *": "backwards", "*/0 * * * *": "step",
		"*/x * * * *": "step", "1,,2 * * * *": "neither", "-1 * * * *": "neither", "+1 * * * *": "neither", "1-2-3 * * * *": "neither", "* * ? * *": "neither", "* * * L *": "neither",
	} {
		_, err := Schedule{Cron: bad}.check()
		if !errors.Is(err, ErrInvalidRequest) || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, good := range []string{"", "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+3"} {
		if _, err := (Schedule{Cron: "* * * * *", Timezone: good}).check(); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"Local", "Berlin", "../etc/passwd", "Europe/Berlin\n", "Europe Berlin", strings.Repeat("x", 100)} {
		if s, err := (Schedule{Cron: "* * * * *", Timezone: bad}).check(); err == nil && s.Timezone == bad {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// FuzzSchedule: whatever is accepted has five fields and is accepted again as it is sent.
func FuzzSchedule(f *testing.F) {
	f.Add("*/15 0-23/2 1,15 JAN-MAR SUN", "Europe/Berlin")
	f.Fuzz(func(t *testing.T, cron, zone string) {
		s, err := Schedule{Cron: cron, Timezone: zone}.check()
		if err != nil {
			if !errors.Is(err, ErrInvalidRequest) {
				t.Error(err)
			}
			return
		}
		again, err := s.check()
		if err != nil || again != s || len(strings.Fields(s.Cron)) != 5 {
			t.Errorf("%+v, %+v, %v", s, again, err)
		}
	})
}
