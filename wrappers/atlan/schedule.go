package atlan

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Schedule is when an app's workflow, or a legacy workflow, runs by itself.
type Schedule struct {
	// Cron has the five fields of Unix cron: minute hour day-of-month month day-of-week, such as "30 6 * * 1-5". Days of the
	// week are 0 (Sunday) to 6 or SUN to SAT.
	Cron string
	// Timezone is a name of the IANA database such as "Europe/Berlin". Empty is UTC.
	Timezone string
}

// check refuses what the service would, and returns the schedule as it is sent. The names of time zones are looked up in the
// database of this machine; where there is none, any name that could be one is accepted.
func (s Schedule) check() (Schedule, error) {
	fields := strings.Fields(s.Cron)
	if err := checkCron(fields); err != nil {
		return s, err
	}
	zone := strings.TrimSpace(s.Timezone)
	if zone == "" {
		zone = "UTC"
	}
	if err := checkTimezone(zone); err != nil {
		return s, err
	}
	return Schedule{Cron: strings.Join(fields, " "), Timezone: zone}, nil
}

// cronField is one field of an expression.
type cronField struct {
	name      string
	low, high int
	words     string // names of the values from low, three letters each
}

// cronFields are those of Unix cron. Legacy schedules are read by Argo (robfig/cron, standard parser), which has no 7 for
// Sunday and no ranges that run backwards.
var cronFields = [...]cronField{ //nolint:gochecknoglobals // a constant that Go has no form for
	{"minute", 0, 59, ""},
	{"hour", 0, 23, ""},
	{"day-of-month", 1, 31, ""},
	{"month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
	{"day-of-week", 0, 6, "SUNMONTUEWEDTHUFRISAT"},
}

const fieldCron = "schedule.cron"

func checkCron(fields []string) error {
	switch n := len(fields); {
	case n == 0:
		return apierr.Invalid(service, fieldCron, "the expression is empty: write five fields, such as \"30 6 * * *\"")
	case strings.HasPrefix(fields[0], "@"):
		return apierr.Invalid(service, fieldCron, "%q is not taken: write the five fields", fields[0])
	case strings.Contains(fields[0], "TZ="):
		return apierr.Invalid(service, fieldCron, "the time zone goes into Timezone, not into the expression")
	case n == 6 || n == 7:
		return apierr.Invalid(service, fieldCron, "this has %d fields, as Quartz expressions have: Atlan takes five, without seconds and years", n)
	case n != len(cronFields):
		return apierr.Invalid(service, fieldCron, "this has %d fields, and an expression has five: minute hour day-of-month month day-of-week", n)
	}
	for i, field := range fields {
		if err := cronFields[i].check(field); err != nil {
			return err
		}
	}
	return nil
}

// check refuses what is no list of values, ranges and steps of the field.
func (f cronField) check(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		span, step, stepped := strings.Cut(part, "/")
		if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1) {
			return f.refuse(part, "the step is not a number above 0")
		}
		if span == "*" {
			continue
		}
		from, to, isRange := strings.Cut(span, "-")
		low, err := f.value(from)
		if err != nil {
			return err
		}
		if !isRange {
			continue
		}
		high, err := f.value(to)
		switch {
		case err != nil:
			return err
		case high < low:
			return f.refuse(part, "the range runs backwards")
		}
	}
	return nil
}

func (f cronField) value(text string) (int, error) {
	if at := strings.Index(f.words, strings.ToUpper(text)); len(text) == 3 && at >= 0 && at%3 == 0 {
		return f.low + at/3, nil
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || strings.HasPrefix(text, "+"):
		return 0, f.refuse(text, "it is neither a number nor a name of the field")
	case f.name == "day-of-week" && n == 7:
		return 0, f.refuse(text, "Sunday is 0")
	case n < f.low || n > f.high:
		return 0, f.refuse(text, "it is not between "+strconv.Itoa(f.low)+" and "+strconv.Itoa(f.high))
	}
	return n, nil
}

func (f cronField) refuse(part, why string) error {
	return apierr.Invalid(service, fieldCron, "%s %q: %s", f.name, part, why)
}

func checkTimezone(zone string) error {
	const field = "schedule.timezone"
	if len(zone) > 64 || strings.ContainsFunc(zone, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !slices.Contains([]rune("/_+-"), r)
	}) {
		return apierr.Invalid(service, field, "%.64q is no name of a time zone, such as \"Europe/Berlin\"", zone)
	}
	if zone == "Local" {
		return apierr.Invalid(service, field, "the service does not know this machine's time zone: name it, such as \"Europe/Berlin\"")
	}
	if _, err := time.LoadLocation(zone); err != nil {
		if _, err := time.LoadLocation("Europe/London"); err == nil {
			return apierr.Invalid(service, field, "%q is not in the database of time zones", zone)
		}
	}
	return nil
}
