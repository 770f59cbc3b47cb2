package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/wrappers/airbyte/airbytetest"
)

// What files are like in the wild, one sync for each version of the file.
func TestOddFiles(t *testing.T) {
	const appends, overwrites, dedupes, increments = airbytetest.FullRefreshAppend, airbytetest.FullRefreshOverwrite, airbytetest.IncrementalDedupedHistory, airbytetest.IncrementalAppend
	cases := map[string]struct {
		files      []string // CSV, or JSONL when they begin with a brace
		mode       airbytetest.SyncMode
		keys       string // separated by spaces
		cursor     string
		read       string // columns to read
		want       []string
		duck       string // the same in DuckDB, where its rules for names are others
		commitRows int
	}{
		"quotes, commas and lines in a field": {files: []string{"id,text\n1,\"a \"\"b\"\", c\nd\"\n2,\"\"\n"}, read: `id, text`, want: []string{"1|a \"b\", c\nd", "2|NULL"}},
		"Windows lines":                       {files: []string{"id,text\r\n1,a\r\n2,b"}, read: `id, text`, want: []string{"1|a", "2|b"}},
		"a byte order mark before JSON":       {files: []string{"\xef\xbb\xbf{\"id\": 1}\n"}, read: `id`, want: []string{"1"}},
		"a header only":                       {files: []string{"id,text\n"}, read: `id, text`, want: nil},
		"a header only, later":                {files: []string{"id,born\n1,2001-02-03\n", "id,born\n", "id,born\n2,2001-02-04\n"}, mode: appends, read: `id + 1, born + 1`, want: []string{"2|2001-02-04T00:00:00Z", "3|2001-02-05T00:00:00Z"}},
		"a column that is empty for a day":    {files: []string{"id,n\n1,5\n", "id,n\n2,\n"}, mode: appends, read: `id, n + 1`, want: []string{"1|6", "2|NULL"}},
		"a file that is empty for a day":      {files: []string{"id,n\n1,5\n", "id,n\n"}, mode: overwrites, read: `id, n`, want: nil},
		"integers above 2^53":                 {files: []string{"id\n9007199254740993\n"}, read: `id`, want: []string{"9007199254740993"}},
		"integers above 2^63":                 {files: []string{"id,n\n1,18446744073709551615\n2,5\n"}, read: `id, n`, want: []string{"1|18446744073709551615", "2|5"}},
		"integers above 2^53 and decimals":    {files: []string{"id,n\n1,9007199254740993\n2,1.5\n"}, read: `id, n`, want: []string{"1|9007199254740993", "2|1.5"}},
		"JSON numbers of all sizes":           {files: []string{"{\"id\":1,\"n\":18446744073709551615}\n{\"id\":2,\"n\":1e400}\n{\"id\":3,\"n\":1.5}\n"}, read: `id, n`, want: []string{"1|18446744073709551615", "2|1e400", "3|1.5"}},
		"numbers above 10^308":                {files: []string{"id,n\n1,1e400\n2,5\n"}, read: `id, n`, want: []string{"1|1e400", "2|5"}},
		"integers that become decimals":       {files: []string{"id,n\n1,5\n", "id,n\n2,1.5\n"}, mode: appends, read: `id, n`, want: []string{"1|5", "2|1.5"}},
		"decimals that become integers":       {files: []string{"id,n\n1,1.5\n", "id,n\n2,5\n"}, mode: appends, read: `id, n`, want: []string{"1|1.5", "2|5"}},
		"text that becomes integers":          {files: []string{"id,n\n1,a\n", "id,n\n2,5\n"}, mode: appends, read: `id, n`, want: []string{"1|a", "2|5"}},
		"text that becomes dates":             {files: []string{"id,n\n1,a\n", "id,n\n2,2001-02-03\n"}, mode: appends, read: `id, n`, want: []string{"1|a", "2|2001-02-03"}},
		"text that becomes true":              {files: []string{"id,n\n1,a\n", "id,n\n2,true\n"}, mode: appends, read: `id, n`, want: []string{"1|a", "2|true"}},
		"text that becomes objects":           {files: []string{`{"id":1,"n":"a"}`, `{"id":2,"n":{"a":"<b>"}}`}, mode: appends, read: `id, n`, want: []string{`1|a`, `2|{"a":"<b>"}`}},
		"dates that become moments":           {files: []string{"id,n\n1,2001-02-03\n", "id,n\n2,2001-02-03T04:05:06Z\n"}, mode: appends, read: `id, n`, want: []string{"1|2001-02-03", "2|2001-02-03T04:05:06Z"}},
		"mixed values in a column":            {files: []string{"{\"id\":1,\"m\":1}\n{\"id\":2,\"m\":\"a\"}\n{\"id\":3,\"m\":null}\n{\"id\":4,\"m\":[1,\"<\"]}\n{\"id\":5}\n{\"id\":6,\"m\":true}\n"}, read: `id, m`, want: []string{"1|1", "2|a", "3|NULL", `4|[1,"<"]`, "5|NULL", "6|true"}},
		"names in another script":             {files: []string{"id,größe,naïve\n1,5,x\n"}, read: `id, gro_e, naive`, duck: `id, gr__e, na_ve`, want: []string{"1|5|x"}},
		"names that meet":                     {files: []string{"id,a b,a_b,a-b\n1,x,y,z\n"}, read: `id, a_b, a_b_1, a_b_2`, want: []string{"1|x|y|z"}},
		"a name that is there twice":          {files: []string{"id,a,a\n1,x,y\n"}, read: `id, a, a_1`, want: []string{"1|x|y"}},
		"a name like Airbyte's":               {files: []string{"id,_airbyte_raw_id\n1,x\n"}, read: `id, _airbyte_raw_id_1`, want: []string{"1|x"}},
		"a column without a name":             {files: []string{",id\n0,1\n"}, read: `id`, want: []string{"1"}},
		"keys of two parts":                   {files: []string{"a,b,u,v\n1,1,1,x\n1,2,1,y\n", "a,b,u,v\n1,2,2,z\n2,1,2,w\n"}, mode: dedupes, keys: "a b", cursor: "u", read: `a * 10 + b AS id, v`, want: []string{"11|x", "12|z", "21|w"}},
		"a part of the key that is null":      {files: []string{"a,b,u,v\n1,,1,x\n1,2,1,y\n", "a,b,u,v\n1,,2,z\n,2,2,w\n"}, mode: dedupes, keys: "a b", cursor: "u", read: `coalesce(b, 0) AS id, v`, want: []string{"0|z", "2|w", "2|y"}},
		"cursors that are null":               {files: []string{"id,u,v\n1,,a\n2,5,b\n", "id,u,v\n1,3,c\n2,,d\n3,,e\n"}, mode: dedupes, keys: "id", cursor: "u", read: `id, v`, want: []string{"1|a", "2|b", "3|e"}},
		"of equals the last":                  {files: []string{"id,u,v\n" + strings.Repeat("1,5,a\n2,5,b\n", 200) + "1,5,last\n2,5,last\n"}, mode: dedupes, keys: "id", cursor: "u", read: `id, v`, want: []string{"1|last", "2|last"}, commitRows: 500},
		"no cursor in a full refresh":         {files: []string{"id,v\n" + strings.Repeat("1,a\n2,b\n", 200) + "1,last\n2,last\n"}, mode: airbytetest.FullRefreshOverwriteDeduped, keys: "id", read: `id, v`, want: []string{"1|last", "2|last"}, commitRows: 500},
		"a cursor that is null is repeated":   {files: []string{"id,u\n1,\n2,5\n", "id,u\n1,\n2,5\n3,6\n"}, mode: increments, cursor: "u", read: `id, count(*)`, want: []string{"1|2", "2|1", "3|1"}},
	}
	each(t, func(t *testing.T, m *airbytetest.SQLMover, d database) {
		n := 0
		for name, c := range cases {
			n++
			table := fmt.Sprint("odd", n)
			t.Run(name, func(t *testing.T) {
				m := &airbytetest.SQLMover{Open: m.Open, CommitRows: m.CommitRows}
				if c.commitRows > 0 {
					m.CommitRows = c.commitRows
				}
				format := "people.csv"
				if strings.Contains(c.files[0][:4], "{") {
					format = "people.jsonl"
				}
				source := file(t, format, c.files[0])
				s := &airbytetest.PlannedStream{SyncMode: overwrites, Target: airbytetest.StreamKey{Name: table}}
				if c.mode != "" {
					s.SyncMode = c.mode
				}
				for key := range strings.FieldsSeq(c.keys) {
					s.PrimaryKey = append(s.PrimaryKey, []string{key})
				}
				if c.cursor != "" {
					s.CursorField = []string{c.cursor}
				}
				for i, text := range c.files {
					rewrite(t, source.Configuration["url"].(string), text)
					if _, err := attempt(t, m, int64(i), source, d, s, nil); err != nil {
						t.Fatalf("sync %d: %v", i, err)
					}
				}
				read, from := c.read, ` FROM "`+d.schema+`".`+table
				if d.connector.Type == "duckdb" && c.duck != "" {
					read = c.duck
				}
				if strings.Contains(c.read, "count(") {
					from += " GROUP BY id"
				}
				got := d.query(t, "SELECT "+read+from)
				slices.Sort(got)
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("rows (-want +got):\n%s", diff)
				}
			})
		}
	})
}

func TestAFieldThatTheDestinationHasNoNameFor(t *testing.T) {
	d := databases(t)["duckdb"]
	_, err := attempt(t, &airbytetest.SQLMover{Open: opener("")}, 1, file(t, "people.csv", "id,имя\n1,x\n"), d, &airbytetest.PlannedStream{SyncMode: airbytetest.FullRefreshAppend}, nil)
	if !errors.Is(err, airbytetest.ErrConfiguration) || !strings.Contains(err.Error(), "имя") {
		t.Errorf("%v", err)
	}
}
