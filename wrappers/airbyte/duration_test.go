package airbyte

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDuration(t *testing.T) {
	for _, test := range []struct {
		in   string
		want time.Duration
	}{
		{"PT8H6M12S", 8*time.Hour + 6*time.Minute + 12*time.Second},
		{"PT0S", 0},
		{"PT1.5S", 1500 * time.Millisecond},
		{"PT0.000000001S", 1},
		{"PT2400H", 2400 * time.Hour},
		{"PT1H0.25S", time.Hour + 250*time.Millisecond},
		{"PT-6M", -6 * time.Minute},
		{"-PT6M", -6 * time.Minute},
		{"PT-1.5S", -1500 * time.Millisecond},
		{"P1DT1S", 24*time.Hour + time.Second},
		{"P1W", 7 * 24 * time.Hour},
		{"PT1,5S", 1500 * time.Millisecond},
	} {
		if got, err := parseDuration(test.in); err != nil || got != test.want {
			t.Errorf("parseDuration(%q) = %v, %v, want %v", test.in, got, err, test.want)
		}
	}
	for _, in := range []string{
		"", "P", "PT", "T1S", "1S", "PT1", "PTS", "PT1S1M", "PT1M1M", "P1Y", "P1M", "PT1.S", "PT.5S", "PT1.5M1S", "P1DT", "pt1s",
		"PT9223372036854775807H", "PT1S ", "PT1TS", "PT1D", "P1H", "PT1e3S", "PT0x1S", "PT1/2S",
	} {
		if got, err := parseDuration(in); err == nil {
			t.Errorf("parseDuration(%q) = %v, want an error", in, got)
		}
	}
}

func TestParseDurationReadsWhatJavaWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := time.Duration(rapid.Int64Range(0, 1<<62).Draw(t, "nanoseconds"))
		if got, err := parseDuration(javaDuration(want)); err != nil || got != want {
			t.Fatalf("parseDuration(%q) = %v, %v, want %v", javaDuration(want), got, err, want)
		}
	})
}

// javaDuration prints d like Java's Duration.toString.
func javaDuration(d time.Duration) string {
	if d == 0 {
		return "PT0S"
	}
	s := "PT"
	if h := d / time.Hour; h != 0 {
		s += fmt.Sprintf("%dH", h)
	}
	if m := d % time.Hour / time.Minute; m != 0 {
		s += fmt.Sprintf("%dM", m)
	}
	if r := d % time.Minute; r != 0 {
		s += fmt.Sprintf("%d.%09dS", r/time.Second, r%time.Second)
	}
	return s
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"PT8H6M12S", "PT0S", "-PT1.5S", "P1W2DT3H", "PT99999999999999999999H"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := parseDuration(s)
		if err != nil {
			if d != 0 {
				t.Fatalf("parseDuration(%q) gives %v with an error", s, d)
			}
			return
		}
		if d >= 0 {
			if again, err := parseDuration(javaDuration(d)); err != nil || again != d {
				t.Fatalf("%q gives %v, which gives %v, %v", s, d, again, err)
			}
		}
	})
}
