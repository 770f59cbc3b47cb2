package airbyte

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// Schedule is when a connection runs by itself.
type Schedule struct {
	// Type is manual, cron or basic.
	Type airbyteapi.ScheduleTypeWithBasicEnum
	// Cron is the Quartz expression, with the zone after it as the server writes it ("0 0 6 * * ? UTC"); "" for other
	// types.
	Cron string
	// Basic is the server's wording of a basic schedule ("Every 24 HOURS"). Such a schedule can be read but not written.
	Basic string
}

func scheduleOf(s airbyteapi.ConnectionScheduleResponse) Schedule {
	return Schedule{Type: s.ScheduleType, Cron: valueOf(s.CronExpression), Basic: valueOf(s.BasicTiming)}
}

// cronSchedule checks a Quartz expression and returns it as the server takes it.
func cronSchedule(expression string) (*airbyteapi.AirbyteAPIConnectionSchedule, error) {
	expression, err := checkCron(expression)
	if err != nil {
		return nil, err
	}
	return &airbyteapi.AirbyteAPIConnectionSchedule{ScheduleType: airbyteapi.ScheduleTypeEnumCron, CronExpression: &expression}, nil
}

// checkCron checks what can be checked of a Quartz expression without guessing at the server's parser: the number of
// fields, the alphabet, a numeric seconds field, and one '?' among the two day fields (airbyte-platform
// AirbyteCatalogHelper.kt and CronExpressionHelper read it with cron-utils' QUARTZ definition). A trailing UTC, which the
// server adds when it shows a schedule, is taken off.
func checkCron(expression string) (string, error) {
	const field = "schedule.cronExpression"
	fields := strings.Fields(expression)
	if n := len(fields); n > 0 && strings.EqualFold(fields[n-1], "UTC") {
		fields = fields[:n-1]
	}
	if len(fields) > 0 && strings.HasPrefix(fields[0], "@") {
		return "", apierr.Invalid(service, field, "names such as %q are not Quartz: write the 6 fields", fields[0])
	}
	for _, f := range fields {
		if i := strings.IndexFunc(f, func(r rune) bool {
			return !strings.ContainsRune("*?,-/#LWABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", r) && (r < 'a' || r > 'z')
		}); i >= 0 {
			return "", apierr.Invalid(service, field, "%q is not a part of a Quartz cron expression; schedules are in UTC, so there is no time zone", f)
		}
	}
	switch len(fields) {
	case 6, 7:
	case 5:
		quartz, ok := quartzOf(fields)
		if !ok {
			return "", apierr.Invalid(service, field, "Airbyte takes Quartz expressions of 6 or 7 fields (seconds first), and this one has 5")
		}
		return "", apierr.Invalid(service, field, "Airbyte takes Quartz expressions of 6 or 7 fields (seconds first), and this one has 5: write %q", quartz)
	default:
		return "", apierr.Invalid(service, field, "a Quartz expression has 6 or 7 fields (second minute hour day-of-month month day-of-week [year]), this one has %d", len(fields))
	}
	if len(fields) == 7 && strings.Trim(fields[6], "0123456789*,-/") != "" {
		return "", apierr.Invalid(service, field, "%q is not a year; schedules are in UTC, so there is no time zone", fields[6])
	}
	if _, err := strconv.Atoi(fields[0]); err != nil {
		return "", apierr.Invalid(service, field, "the seconds field %q must be a number: connections run once an hour at most", fields[0])
	}
	if day, weekday := fields[3], fields[5]; (day == "?") == (weekday == "?") {
		return "", apierr.Invalid(service, field, "exactly one of day-of-month (%q) and day-of-week (%q) must be '?' in a Quartz expression", day, weekday)
	}
	return strings.Join(fields, " "), nil
}

// quartzOf turns the five fields of Unix cron into the Quartz expression that fires at the same times: seconds in front,
// a '?' for one of the days, and days of the week counted from 1 for Sunday. It reports false when there is none, because
// both days are restricted: Unix cron takes either, Quartz cannot say that.
func quartzOf(unix []string) (string, bool) {
	minute, hour, day, month, weekday := unix[0], unix[1], unix[2], unix[3], unix[4]
	switch {
	case weekday == "*" || weekday == "?":
		weekday = "?"
		if day == "?" {
			day = "*"
		}
	case day == "*" || day == "?":
		day = "?"
		var ok bool
		if weekday, ok = quartzWeekdays(weekday); !ok {
			return "", false
		}
	default:
		return "", false
	}
	return strings.Join([]string{"0", minute, hour, day, month, weekday}, " "), true
}

// quartzWeekdays shifts the numbers of a Unix day-of-week field (0 and 7 are Sunday) to Quartz's (1 is Sunday). Names
// stay. A range that would run backwards after the shift, and a step over one, become lists.
func quartzWeekdays(field string) (string, bool) {
	var out []string
	for part := range strings.SplitSeq(field, ",") {
		body, stepText, hasStep := strings.Cut(part, "/")
		step := 1
		if hasStep {
			n, err := strconv.Atoi(stepText)
			if err != nil || n < 1 {
				return "", false
			}
			step = n
		}
		from, to, isRange := strings.Cut(body, "-")
		if body == "*" {
			from, to, isRange = "0", "6", true
		}
		first, err := strconv.Atoi(from)
		if err != nil {
			if hasStep || !isWeekdayName(from) || (isRange && !isWeekdayName(to)) {
				return "", false
			}
			out = append(out, strings.ToUpper(part))
			continue
		}
		last := first
		switch {
		case isRange:
			if last, err = strconv.Atoi(to); err != nil {
				return "", false
			}
		case hasStep:
			last = 6
		}
		if first < 0 || last > 7 || first > last {
			return "", false
		}
		for day := first; day <= last; day += step {
			out = append(out, strconv.Itoa(day%7+1))
		}
	}
	return compactDays(out), true
}

func isWeekdayName(s string) bool {
	return slices.Contains([]string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}, strings.ToUpper(s))
}

// compactDays writes the days without doubles, three or more in a row as a range.
func compactDays(days []string) string {
	var numbers []int
	var names []string
	for _, d := range days {
		if n, err := strconv.Atoi(d); err == nil {
			numbers = append(numbers, n)
		} else {
			names = append(names, d)
		}
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	var out []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		if j-i >= 2 {
			out = append(out, strconv.Itoa(numbers[i])+"-"+strconv.Itoa(numbers[j]))
			i = j + 1
			continue
		}
		out = append(out, strconv.Itoa(numbers[i]))
		i++
	}
	return strings.Join(append(out, names...), ",")
}
