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
