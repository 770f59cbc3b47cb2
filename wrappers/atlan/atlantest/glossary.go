package atlantest

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
)

// ListGlossaries lists glossaries with their terms and categories, in an order of its own API.
func (a *service) ListGlossaries(w http.ResponseWriter, r *http.Request, _ wire.ListGlossariesParams) {
	a.do(w, r, func(c *call) (any, error) {
		limit, err := number(r.URL.Query(), "limit", 100)
		if err != nil {
			return nil, err
		}
		offset, err := number(r.URL.Query(), "offset", 0)
		if err != nil {
			return nil, err
		}
		out := []json.RawMessage{}
		for _, x := range c.inOrder() {
			if x.def.name != "AtlasGlossary" || x.deleted {
				continue
			}
			var o object
			o.text("guid", x.guid)
			o.text("qualifiedName", x.qualifiedName)
			o.text("name", x.str("name"))
			for _, name := range []string{"shortDescription", "longDescription", "language", "usage"} {
				if v := x.get(name); v != "" {
					o.raw(name, v)
				}
			}
			for _, end := range [...]struct{ attr, key string }{{"terms", "termGuid"}, {"categories", "categoryGuid"}} {
				list := []map[string]string{}
				for _, e := range x.at(end.attr) {
					if to, _ := e.other(x); e.alive() {
						list = append(list, map[string]string{end.key: to.guid, "displayText": to.displayText(), "relationGuid": c.relationGUID(e)})
					}
				}
				o.any(end.attr, list)
			}
			out = append(out, json.RawMessage(o.end()))
		}
		return out[min(offset, len(out)):min(offset+limit, len(out))], nil
	})
}

// templateColumns are those of a file with custom metadata (atlas-metastore FileUtils).
const templateColumns = "TypeName,UniqueAttributeValue,BusinessAttributeName,BusinessAttributeValue,UniqueAttributeName[optional]"

// GetBusinessMetadataTemplate answers an empty file for an import of custom metadata.
func (a *service) GetBusinessMetadataTemplate(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(*call) (any, error) {
		return text{http.StatusOK, "application/octet-stream", templateColumns + "\n"}, nil
	})
}

// ImportBusinessMetadata imports custom metadata from a file: one value a row.
func (a *service) ImportBusinessMetadata(w http.ResponseWriter, r *http.Request) {
	a.do(w, r, func(c *call) (any, error) {
		_, data, err := c.firstPart(r)
		if err != nil {
			return nil, err
		}
		reader := csv.NewReader(strings.NewReader(string(data)))
		reader.FieldsPerRecord = -1
		rows, err := reader.ReadAll()
		if err != nil || len(rows) == 0 {
			return nil, invalidParameters("the file is no CSV")
		}
		good, bad := []map[string]any{}, []map[string]any{}
		for i, row := range rows[1:] {
			info := map[string]any{"rowNumber": i + 1, "importStatus": "SUCCESS"}
			if err := c.importRow(row); err != nil {
				info["importStatus"], info["remarks"] = "FAILED", err.Error()
				bad = append(bad, info)
			} else {
				good = append(good, info)
			}
		}
		return map[string]any{"successImportInfoList": good, "failedImportInfoList": bad}, nil
	})
}

func (c *call) importRow(row []string) error {
	if len(row) < 4 {
		return invalidParameters("a row has 4 columns")
	}
	x, err := c.named(row[0], row[1])
	if err != nil {
		return err
	}
	set, attr, _ := strings.Cut(row[2], ".")
	_, err = c.business(x.guid, map[string]map[string]json.RawMessage{set: {attr: json.RawMessage(quoted(row[3]))}}, false, false)
	return err
}
