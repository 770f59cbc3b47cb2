package airbyte

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

func TestT3QuartzIsAccepted(t *testing.T) {
	for expression, want := range map[string]string{
		"0 0 6 * * ?":              "0 0 6 * * ?",
		"0 0 6 * * ? UTC":          "0 0 6 * * ?", // as the server shows it
		" 0  0 */2 * * ? ":         "0 0 */2 * * ?",
		"0 0 12 ? * MON-FRI":       "0 0 12 ? * MON-FRI",
		"0 15 10 ? * 6L 2030-2035": "0 15 10 ? * 6L 2030-2035",
		"30 0 0 L-3 * ?":           "30 0 0 L-3 * ?",
		"0 0 8 15W JAN,JUL ? *":    "0 0 8 15W JAN,JUL ? *",
		"0 0 8 ? * tue#2":          "0 0 8 ? * tue#2",
	} {
		if got, err := checkCron(expression); got != want || err != nil {
			t.Errorf("checkCron(%q) = %q, %v; want %q", expression, got, err, want)
		}
	}
}

func TestT3FiveFieldsAreRefusedWithTheQuartzForm(t *testing.T) {
	for unix, quartz := range map[string]string{
		"0 6 * * *":       "0 0 6 * * ?",
		"*/15 * * * *":    "0 */15 * * * ?",
		"30 2 1 * *":      "0 30 2 1 * ?",
		"0 0 * * 0":       "0 0 0 ? * 1",
		"0 0 * * 7":       "0 0 0 ? * 1",
		"0 9 * * 1-5":     "0 0 9 ? * 2-6",
		"0 9 * * 5-7":     "0 0 9 ? * 1,6,7",
		"0 9 * * 6,0":     "0 0 9 ? * 1,7",
		"0 9 * * */2":     "0 0 9 ? * 1,3,5,7",
		"0 9 * * 1-5/2":   "0 0 9 ? * 2,4,6",
		"0 9 * * 0-6":     "0 0 9 ? * 1-7",
		"0 9 * * mon-fri": "0 0 9 ? * MON-FRI",
		"0 9 * * MON,3":   "0 0 9 ? * 4,MON",
		"0 0 1 1 *":       "0 0 0 1 1 ?",
		"0 0 * * ?":       "0 0 0 * * ?",
		"0 6 * * * UTC":   "0 0 6 * * ?",
	} {
		_, err := checkCron(unix)
		if !errors.Is(err, apierr.ErrInvalid) || !strings.Contains(err.Error(), `"`+quartz+`"`) {
			t.Errorf("checkCron(%q): %v; want an invalid request that gives %q", unix, err, quartz)
			continue
		}
		if again, err := checkCron(quartz); again != quartz || err != nil {
			t.Errorf("the form that is given for %q is not accepted itself: %v", unix, err)
		}
	}
}

func TestT3BadCronIsRefused(t *testing.T) {
	for expression, want := range map[string]string{
		"":                             "has 0",
		"@daily":                       "not Quartz",
		"hourly":                       "has 1",
		"0 6 * *":                      "has 4",
		"0 0 6 * * ? * *":              "has 8",
		"0 0 6 * * *":                  "'?'",
		"0 0 6 ? * ?":                  "'?'",
		"*/10 0 6 * * ?":               "seconds",
		"* 0 6 * * ?":                  "seconds",
		"0 0 6 * * ? Europe/London":    "time zone",
		"0 0 6 * * ? America/New_York": "time zone",
		"0 0 6 * * ?; drop":            "not a part",
		"0 6 1 * 1":                    "has 5", // either day: Quartz has no such thing
		"0 6 * * 8":                    "has 5",
		"0 6 * * x":                    "has 5",
	} {
		got, err := checkCron(expression)
		if !errors.Is(err, apierr.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("checkCron(%q) = %q, %v; want an invalid request that says %q", expression, got, err, want)
		}
	}
}

// No Quartz expression is given for what cannot be said in one, or cannot be read.
func TestT3NoQuartzFormIsGuessed(t *testing.T) {
	for _, unix := range []string{
		"0 6 1 * 1", "0 6 * * 8", "0 6 * * 5-9", "0 6 * * 5-3", "0 6 * * 1-x", "0 6 * * x", "0 6 * * mon-x", "0 6 * * mon-fri/2", "0 6 * * mon/2",
		"0 6 * * 1/0", "0 6 * * 1/x", "0 6 * * 1-5-6", "0 6 * * MON#2", "0 6 * * 1,", "0 6 * * -1",
	} {
		_, err := checkCron(unix)
		if !errors.Is(err, apierr.ErrInvalid) || !strings.Contains(err.Error(), "has 5") || strings.Contains(err.Error(), "write") {
			t.Errorf("checkCron(%q): %v; want a refusal without a proposal", unix, err)
		}
	}
	for unix, quartz := range map[string]string{
		"0 6 ? * ?":                    "0 0 6 * * ?",
		"0 6 ? * 1":                    "0 0 6 ? * 2",
		"0 6 * * 1/2":                  "0 0 6 ? * 2,4,6",
		"0 6 * * 1,1,3":                "0 0 6 ? * 2,4",
		"0 6 * * 1,2":                  "0 0 6 ? * 2,3",
		"0 6 * * sun,tue,wed,thu,sat":  "0 0 6 ? * SUN,TUE,WED,THU,SAT",
		"0 6 * * 0-7":                  "0 0 6 ? * 1-7",
		"0 6 * * 1-5/1":                "0 0 6 ? * 2-6",
		"0 0-23/6 * jan,feb mon":       "0 0 0-23/6 ? jan,feb MON",
		"15,45 9-17 * * Tue-Thu,Sat,7": "0 15,45 9-17 ? * 1,TUE-THU,SAT",
	} {
		if _, err := checkCron(unix); err == nil || !strings.Contains(err.Error(), `write "`+quartz+`"`) {
			t.Errorf("checkCron(%q): %v; want it to propose %q", unix, err, quartz)
		}
	}
	// Letters at the ends of the alphabet, in both cases, are letters; what is next to them is not.
	for expression, good := range map[string]bool{
		"0 0 6 ? * az": true, "0 0 6 ? * AZ": true, "0 0 6 ? * @A": false, "0 0 6 ? * [A": false, "0 0 6 ? * `a": false, "0 0 6 ? * {a": false, "0 0 6 ? * ~": false,
		"0 0 6 * * ? 2030~": false, "~0 0 6 * * ?": false,
	} {
		if _, err := checkCron(expression); (err == nil) != good {
			t.Errorf("checkCron(%q): %v", expression, err)
		}
	}
}
