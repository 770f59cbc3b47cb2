package airbytetest

import (
	"net/http"
	"strconv"
	"strings"

	wire "github.com/sluice-sdk/sluice/gen/airbyteapi"
)

// scheduleOf checks a schedule as airbyte-platform's AirbyteCatalogHelper.kt does (cron-utils with Quartz) and
// returns what a connection answers for it.
func (f *Fake) scheduleOf(s *wire.AirbyteAPIConnectionSchedule) (wire.ConnectionScheduleResponse, error) {
	out := wire.ConnectionScheduleResponse{ScheduleType: wire.ScheduleTypeWithBasicEnumManual}
	if s == nil || s.ScheduleType == wire.ScheduleTypeEnumManual {
		return out, nil
	}
	if s.CronExpression == nil || strings.TrimSpace(*s.CronExpression) == "" {
		return out, problem(http.StatusBadRequest, "error:cron-validation/missing-cron-data", "Cron data is missing", "", nil)
	}
	expression := strings.TrimSpace(*s.CronExpression)
	if rest, ok := strings.CutSuffix(expression, "UTC"); ok {
		expression = strings.TrimSpace(rest)
	}
	fields := strings.Fields(expression)
	if len(fields) == 5 && !f.has(QuartzOnly) {
		fields = append([]string{"0"}, fields...)
		expression = strings.Join(fields, " ")
	}
	if reason := quartz(fields); reason != "" {
		return out, problem(http.StatusBadRequest, "error:cron-validation/invalid-expression", "Invalid cron expression",
			"The cron expression is not valid.", map[string]any{"cronExpression": expression, "validationErrorMessage": reason})
	}
	if _, err := strconv.Atoi(fields[1]); err != nil {
		return out, problem(http.StatusBadRequest, "error:cron-validation/under-one-hour-not-allowed",
			"Cron sync schedules more frequent than once per hour are not allowed", "",
			map[string]any{"cronExpression": expression, "validationErrorMessage": "more than one execution per hour"})
	}
	expression += " UTC"
	return wire.ConnectionScheduleResponse{ScheduleType: wire.ScheduleTypeWithBasicEnumCron, CronExpression: &expression}, nil
}

var quartzRanges = []struct {
	name   string
	lo, hi int
	words  string
}{
	{"second", 0, 59, ""},
	{"minute", 0, 59, ""},
	{"hour", 0, 23, ""},
	{"day of month", 1, 31, ""},
	{"month", 1, 12, "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"},
	{"day of week", 1, 7, "SUN MON TUE WED THU FRI SAT"},
	{"year", 1970, 2099, ""},
}

// quartz says what is wrong with an expression, or "".
func quartz(fields []string) string {
	if len(fields) != 6 && len(fields) != 7 {
		return "Cron expression contains " + strconv.Itoa(len(fields)) + " parts but we expect one of [6, 7]"
	}
	if _, err := strconv.Atoi(fields[0]); err != nil {
		return "The seconds field must be a number"
	}
	for i, field := range fields {
		r := quartzRanges[i]
		days := i == 3 || i == 5
		for part := range strings.SplitSeq(field, ",") {
			if !quartzPart(part, r.lo, r.hi, r.words, days) {
				return "Failed to parse the " + r.name + " field: " + field
			}
		}
	}
	if (fields[3] == "?") == (fields[5] == "?") {
		return "Both, a day-of-week AND a day-of-month parameter, are not supported; one of them must be ?"
	}
	return ""
}

func quartzPart(part string, lo, hi int, words string, days bool) bool {
	if part == "*" || days && (part == "?" || part == "L" || part == "LW") {
		return true
	}
	if base, step, ok := strings.Cut(part, "/"); ok {
		n, err := strconv.Atoi(step)
		return err == nil && n > 0 && (base == "*" || quartzPart(base, lo, hi, words, false))
	}
	if from, to, ok := strings.Cut(part, "-"); ok && from != "" {
		return quartzPart(from, lo, hi, words, false) && quartzPart(to, lo, hi, words, false)
	}
	if days {
		part = strings.TrimRight(part, "LW")
		part, _, _ = strings.Cut(part, "#")
	}
	for word := range strings.FieldsSeq(words) {
		if strings.EqualFold(part, word) {
			return true
		}
	}
	n, err := strconv.Atoi(part)
	return err == nil && n >= lo && n <= hi
}
