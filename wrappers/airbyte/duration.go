package airbyte

import (
	"fmt"
	"math"
	"math/bits"
	"time"
)

// durationUnits are the designators of an ISO 8601 duration whose length does not depend on the calendar, in the
// order in which they may appear.
var durationUnits = [...]struct {
	designator byte
	unit       time.Duration
	inTime     bool // after the T
}{
	{'W', 7 * 24 * time.Hour, false},
	{'D', 24 * time.Hour, false},
	{'H', time.Hour, true},
	{'M', time.Minute, true},
	{'S', time.Second, true},
}

// parseDuration reads an ISO 8601 duration as Java's Duration.toString writes it: "PT8H6M12S", "PT0S", "PT1.5S",
// "PT-6M", with any number of hours. Days and weeks are read too; years and months have no fixed length and are
// refused. A fraction is allowed on the last component; it is cut to nine digits and to whole nanoseconds.
func parseDuration(s string) (time.Duration, error) {
	rest, sign := cutSign(s)
	if len(rest) < 3 || rest[0] != 'P' {
		return 0, durationError(s)
	}
	rest = rest[1:]
	var total int64
	next, inTime, complete, fraction := 0, false, false, false
	for rest != "" {
		if rest[0] == 'T' && !inTime {
			rest, inTime, complete = rest[1:], true, false
			continue
		}
		var signed int64
		rest, signed = cutSign(rest)
		var whole, part uint64
		var ok, hasPart bool
		if whole, part, hasPart, rest, ok = cutNumber(rest); !ok || rest == "" || fraction {
			return 0, durationError(s)
		}
		for ; next < len(durationUnits); next++ {
			if u := durationUnits[next]; u.designator == rest[0] && u.inTime == inTime {
				break
			}
		}
		if next == len(durationUnits) {
			return 0, durationError(s)
		}
		unit := uint64(durationUnits[next].unit)
		high, low := bits.Mul64(part, unit)
		below, _ := bits.Div64(high, low, 1e9)
		high, low = bits.Mul64(whole, unit)
		low, carry := bits.Add64(low, below, 0)
		if high != 0 || carry != 0 || low > math.MaxInt64 {
			return 0, durationError(s)
		}
		term := sign * signed * int64(low)
		if sum := total + term; (sum > total) != (term > 0) && term != 0 {
			return 0, durationError(s)
		} else {
			total = sum
		}
		rest, next, fraction, complete = rest[1:], next+1, hasPart, true
	}
	if !complete {
		return 0, durationError(s)
	}
	return time.Duration(total), nil
}

func durationError(s string) error {
	return fmt.Errorf("airbyte: %.40q is not an ISO 8601 duration of fixed length", s)
}

func cutSign(s string) (rest string, sign int64) {
	if s != "" && s[0] == '-' {
		return s[1:], -1
	}
	if s != "" && s[0] == '+' {
		return s[1:], 1
	}
	return s, 1
}

// cutNumber cuts the decimal number off the start of s: its whole part, and its fraction in units of 1e-9.
func cutNumber(s string) (whole, part uint64, hasPart bool, rest string, ok bool) {
	n := 0
	for ; n < len(s) && '0' <= s[n] && s[n] <= '9'; n++ {
		if whole > math.MaxInt64/10 {
			return 0, 0, false, s, false
		}
		whole = whole*10 + uint64(s[n]-'0')
	}
	if n == 0 {
		return 0, 0, false, s, false
	}
	if n == len(s) || s[n] != '.' && s[n] != ',' {
		return whole, 0, false, s[n:], true
	}
	from, unit := n+1, uint64(1e9)
	for n = from; n < len(s) && '0' <= s[n] && s[n] <= '9'; n++ {
		unit /= 10
		part += unit * uint64(s[n]-'0')
	}
	return whole, part, true, s[n:], n > from
}
