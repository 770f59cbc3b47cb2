package airbyte

import (
	"testing"
	"time"
)

func TestParseTimestamp(t *testing.T) {
	at := func(sec, nsec int) time.Time { return time.Date(2023, 3, 25, 1, 30, sec, nsec, time.UTC) }
	for _, test := range []struct {
		in   string
		want time.Time
	}{
		{"2023-03-25T01:30:50Z", at(50, 0)},
		{"2023-03-25T01:30Z", at(0, 0)},
		{"2023-03-25T01:30:50.123456789Z", at(50, 123456789)},
		{"2023-03-25T01:30:00.5Z", at(0, 5e8)},
		{"2023-03-25T03:30+02:00", at(0, 0)},
		{"2023-03-25T03:30:50+02:00", at(50, 0)},
		{"2023-03-24T20:00-05:30", at(0, 0)},
		{"2023-03-24T20:00:50.25-05:30", at(50, 25e7)},
	} {
		got, err := parseTimestamp(test.in)
		if err != nil || !got.Equal(test.want) {
			t.Errorf("parseTimestamp(%q) = %v, %v, want %v", test.in, got, err, test.want)
		}
	}
	for _, in := range []string{"", "null", "2023-03-25", "2023-03-25T01:30", "2023-03-25T01:30:50", "1679707800", "2023-13-25T01:30Z", "2023-03-25T25:30Z", "2023-03-25T01:30Zx"} {
		if got, err := parseTimestamp(in); err == nil || !got.IsZero() {
			t.Errorf("parseTimestamp(%q) = %v, %v, want the zero time and an error", in, got, err)
		}
	}
}

// Every whole minute and every other moment survives being printed the way the service prints it.
func FuzzParseTimestamp(f *testing.F) {
	f.Add("2023-03-25T01:30Z")
	f.Add("2023-03-25T01:30:50.5+02:00")
	f.Add("0000-01-01T00:00-23:59")
	f.Fuzz(func(t *testing.T, s string) {
		parsed, err := parseTimestamp(s)
		if err != nil {
			if !parsed.IsZero() {
				t.Fatalf("parseTimestamp(%q) gives %v with an error", s, parsed)
			}
			return
		}
		again, err := parseTimestamp(parsed.Format(time.RFC3339Nano))
		if err != nil || !again.Equal(parsed) {
			t.Fatalf("%q gives %v, which gives %v, %v", s, parsed, again, err)
		}
	})
}
