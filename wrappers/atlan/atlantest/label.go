package atlantest

import (
	"net/http"
	"slices"

	wire "github.com/sluice-sdk/sluice/gen/atlanapi"
)

const longestLabel = 50

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
		for _, label := range sent {
			if len(label) > longestLabel {
				return nil, invalidParameters("a label has more than %d characters", longestLabel)
			}
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
