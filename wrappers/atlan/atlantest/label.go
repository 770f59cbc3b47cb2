package atlantest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf16"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
)

// How long labels, and the names and values of custom attributes, may be, and what they are made of (atlas-metastore's
// AtlasConfiguration and AtlasEntityUtil).
const (
	longestLabel  = 50
	longestCustom = 50
	longestValue  = 500
)

func plain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

func checkLabels(labels []string) error {
	for _, label := range labels {
		if lengthUTF16(label) > longestLabel {
			return metastore(http.StatusBadRequest, "ATLAS-400-00-08F", "Invalid label: %s, label size should not be greater than %d", label, longestLabel)
		}
		if !plain(label) {
			return metastore(http.StatusBadRequest, "ATLAS-400-00-090", "Invalid label: %s, label should contain alphanumeric characters, '_' or '-'", label)
		}
	}
	return nil
}

func checkCustom(attributes map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		switch {
		case lengthUTF16(key) > longestCustom:
			return metastore(http.StatusBadRequest, "ATLAS-400-00-08C", "Invalid key: %s in custom attribute, key size should not be greater than %d", key, longestCustom)
		case !plain(key):
			return metastore(http.StatusBadRequest, "ATLAS-400-00-08D", "Invalid key: %s in custom attribute, key should only contain alphanumeric characters, '_' or '-'", key)
		case lengthUTF16(attributes[key]) > longestValue:
			return metastore(http.StatusBadRequest, "ATLAS-400-00-08E", "Invalid value: %s in custom attribute, value length is greater than %d", attributes[key], longestValue)
		}
	}
	return nil
}

// lengthUTF16 counts as Java does.
func lengthUTF16(text string) (n int) {
	for _, r := range text {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

func (a *service) labels(w http.ResponseWriter, r *http.Request, find func(c *call) (*asset, error), work func(old, sent []string) []string) {
	a.do(w, r, func(c *call) (any, error) {
		x, err := find(c)
		if err != nil {
			return nil, err
		}
		var sent []string
		if err := c.decode(&sent); err != nil {
			return nil, err
		}
		if err := checkLabels(sent); err != nil {
			return nil, err
		}
		labels := slices.Compact(slices.Sorted(slices.Values(work(x.labels, sent))))
		if slices.Equal(labels, x.labels) {
			return nothing, nil
		}
		action := "LABEL_ADD"
		if len(labels) < len(x.labels) {
			action = "LABEL_DELETE"
		}
		x.labels = labels
		c.changed(x)
		c.audit(x, action, c.who.name, nil)
		return nothing, nil
	})
}

func addLabels(old, sent []string) []string { return slices.Concat(old, sent) }

func setLabels(_, sent []string) []string { return sent }

func dropLabels(old, sent []string) []string {
	return slices.DeleteFunc(slices.Clone(old), func(l string) bool { return slices.Contains(sent, l) })
}

func byGUID(guid string) func(c *call) (*asset, error) {
	return func(c *call) (*asset, error) { return c.read(guid) }
}

func byName(r *http.Request, typeName string) func(c *call) (*asset, error) {
	return func(c *call) (*asset, error) { return c.readNamed(r, typeName) }
}

// AddLabels adds labels to an asset.
func (a *service) AddLabels(w http.ResponseWriter, r *http.Request, guid string) {
	a.labels(w, r, byGUID(guid), addLabels)
}

// SetLabels replaces the labels of an asset.
func (a *service) SetLabels(w http.ResponseWriter, r *http.Request, guid string) {
	a.labels(w, r, byGUID(guid), setLabels)
}

// DeleteLabels removes labels from an asset.
func (a *service) DeleteLabels(w http.ResponseWriter, r *http.Request, guid string) {
	a.labels(w, r, byGUID(guid), dropLabels)
}

// AddLabelsByUniqueAttribute adds labels to an asset by its name.
func (a *service) AddLabelsByUniqueAttribute(w http.ResponseWriter, r *http.Request, typeName string, _ wire.AddLabelsByUniqueAttributeParams) {
	a.labels(w, r, byName(r, typeName), addLabels)
}

// SetLabelsByUniqueAttribute replaces the labels of an asset by its name.
func (a *service) SetLabelsByUniqueAttribute(w http.ResponseWriter, r *http.Request, typeName string, _ wire.SetLabelsByUniqueAttributeParams) {
	a.labels(w, r, byName(r, typeName), setLabels)
}

// DeleteLabelsByUniqueAttribute removes labels from an asset by its name.
func (a *service) DeleteLabelsByUniqueAttribute(w http.ResponseWriter, r *http.Request, typeName string, _ wire.DeleteLabelsByUniqueAttributeParams) {
	a.labels(w, r, byName(r, typeName), dropLabels)
}
