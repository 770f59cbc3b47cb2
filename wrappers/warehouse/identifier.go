package warehouse

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

// alphanumeric is the rule most of Airbyte's destinations share: compatibility
// decomposition (NFKD), combining marks dropped, every run of white space one
// underscore, every other character outside [A-Za-z0-9_] one underscore.
// White space is Java's \s, which is ASCII only; NFKD has turned the other
// spaces into U+0020 by then.
// Read in airbytehq/airbyte, CDK Transformations.kt.
func alphanumeric(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	inSpace := false
	for _, r := range norm.NFKD.String(s) {
		if unicode.Is(unicode.M, r) {
			continue
		}
		switch r {
		case ' ', '\t', '\n', '\v', '\f', '\r':
			if !inSpace {
				b.WriteByte('_')
			}
			inSpace = true
			continue
		}
		inSpace = false
		if r == '_' || isASCIIAlphanumeric(r) {
			b.WriteRune(r)
		} else {
			b.WriteByte('_')
		}
	}
	return b.String()
}

func isASCIIAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

func startsWithDigit(s string) bool { return s != "" && '0' <= s[0] && s[0] <= '9' }

func underscoreBeforeDigit(s string) string {
	if startsWithDigit(s) {
		return "_" + s
	}
	return s
}

// javaHash is java.lang.String.hashCode: the connectors shorten long names
// with it. It runs over UTF-16 code units and wraps at 32 bits.
func javaHash(s string) int32 {
	var h int32
	for _, unit := range utf16.Encode([]rune(s)) {
		h = 31*h + int32(unit)
	}
	return h
}

func lastBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[len(s)-n:]
}

// postgres3 is PostgresNamingUtils.kt of destination-postgres 3.
func postgres3(s string) string {
	name := underscoreBeforeDigit(alphanumeric(s))
	if len(name) > 63 {
		name = name[:54] + "_" + lastBytes(strconv.FormatInt(int64(javaHash(name)), 10), 8)
	}
	return name
}

// postgres2 is PostgresSQLNameTransformer.kt of destination-postgres 2.
func postgres2(s string) string {
	name := alphanumeric(s)
	if len(name) < 60 {
		return name
	}
	hash := javaHash(name)
	if hash < 0 {
		hash = -hash // stays negative for the smallest int32, as in Java
	}
	return name[:52] + strconv.FormatInt(int64(hash), 36)
}

// redshift4 is RedshiftNamingUtils.kt.
func redshift4(s string) string {
	name := underscoreBeforeDigit(strings.ToLower(alphanumeric(s)))
	if len(name) > 127 {
		name = name[:118] + "_" + strconv.FormatUint(uint64(uint32(javaHash(name))), 16)
	}
	return name
}

// databricks4 is DatabricksNamingUtils.kt, as used for columns; schemas and
// tables are lower-cased afterwards (after hashing).
func databricks4(s string) string {
	name := underscoreBeforeDigit(alphanumeric(s))
	if len(name) > 255 {
		name = name[:246] + "_" + lastBytes(strconv.FormatInt(int64(javaHash(name)), 10), 8)
	}
	return name
}

// clickHouse2 is ClickhouseNamingUtils.kt.
func clickHouse2(s string) string { return underscoreBeforeDigit(alphanumeric(s)) }

// bigQueryTable is BigQuerySQLNameTransformer.kt, for tables and columns.
func bigQueryTable(s string) string { return underscoreBeforeDigit(alphanumeric(s)) }

// bigQueryDataset is BigQuerySQLNameTransformer.kt, for datasets: a dataset
// whose name starts with an underscore is hidden, so it gets a letter.
func bigQueryDataset(s string) string {
	name := alphanumeric(s)
	if name != "" && !isASCIIAlphanumeric(rune(name[0])) {
		return "n" + name
	}
	return name
}

// snowflake4 is SnowflakeNamingUtils.kt. The connector also doubles double
// quotes; that is quoting, and the stored name has one.
func snowflake4(s string) string {
	if strings.Contains(s, "${") {
		s = strings.NewReplacer("$", "_", "{", "_", "}", "_").Replace(s)
	}
	return javaUpper(s)
}

// lowerCase is name_normalizers.py of airbyte-python-cdk, which the DuckDB and
// MotherDuck destinations and PyAirbyte share.
func lowerCase(s string) string {
	s = strings.ReplaceAll(s, "\u0130", "i\u0307") // Python lower-cases this one into two characters
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range strings.ToLower(s) {
		if isASCIIAlphanumeric(r) {
			b.WriteRune(r)
		} else {
			b.WriteByte('_')
		}
	}
	return underscoreBeforeDigit(b.String())
}

// rawName joins namespace and name the way typing-and-deduping connectors named
// their raw tables: the run of underscores in the middle is one longer than any
// run in the two parts, so that it can be split again.
// Read in airbytehq/airbyte, TypingDedupingUtil.kt.
func rawName(namespace, name string) string {
	longest, run := 1, 0
	for _, r := range namespace + name {
		if r == '_' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return namespace + "_raw" + strings.Repeat("_", longest+1) + "stream_" + name
}
