package atlan

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// DataProducts are the products of domains. The methods of the [Collection] read and write them.
type DataProducts struct {
	Collection[atlanassets.DataProduct]
}

// DataProducts are the products of domains. It does no I/O.
func (c *Client) DataProducts() DataProducts { return DataProducts{Of[atlanassets.DataProduct](c)} }

// Find returns the product of a name, as people see it, in any domain; clauses narrow it down where products of different
// domains have one name, such as field.ParentDomainQualifiedName.Eq(qualifiedName). Errors are those of [Glossaries.Find].
//
//sluice:operation POST /api/meta/search/indexsearch
//sluice:operation GET /api/meta/entity/bulk
func (s DataProducts) Find(ctx context.Context, name string, where ...field.Query) (*Asset[atlanassets.DataProduct], error) {
	return find[atlanassets.DataProduct](ctx, s.client, name, ReadOptions{}, where...)
}

// Assets reads the product of a qualifiedName and returns a search for its assets. Errors are those of [Collection.Get] and
// [ProductSelection].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
func (s DataProducts) Assets(ctx context.Context, qualifiedName string) (Search[*Entity], error) {
	product, err := s.Get(ctx, qualifiedName, withoutRelationships)
	if err != nil {
		return Search[*Entity]{}, err
	}
	return s.AssetsOf(product)
}

// AssetsOf returns a search for the assets of a product that was read: active ones, as any search, until its WithStatus
// says otherwise. Errors are those of [ProductSelection]. It does no I/O.
func (s DataProducts) AssetsOf(product *Asset[atlanassets.DataProduct]) (Search[*Entity], error) {
	selection, err := ProductSelection(product)
	if err != nil {
		return Search[*Entity]{}, err
	}
	return s.client.Search(selection), nil
}

// Selection returns what the search looks for as one clause, its types and states included, for [NewDataProduct] and
// [SelectAssets]. It does no I/O.
func (s Search[T]) Selection() field.Query { return s.query() }

// SelectAssets makes a clause the choice of a product's assets, see [NewDataProduct]; [Client.Save] sends it. An empty
// clause, and one that does not encode, is an error of kind [apierr.KindInvalid]. It does no I/O.
func SelectAssets(product *Asset[atlanassets.DataProduct], selection field.Query) error {
	text, err := productDSL(selection)
	if err != nil {
		return err
	}
	product.Attributes.DataProductAssetsDSL.Set(text)
	return nil
}

// ProductSelection returns the clause that chooses the assets of a product, as [NewDataProduct], pyatlan or Atlan's user
// interface wrote it. A product that chooses none, or was read without its attributes, is an error of category
// [ErrNotFound]; a choice that is not understood is one of [ErrLogic]. It does no I/O.
func ProductSelection(product *Asset[atlanassets.DataProduct]) (field.Query, error) {
	text := product.Attributes.DataProductAssetsDSL.Or("")
	if text == "" {
		return nil, about(atlanassets.TypeDataProduct, product.QualifiedName(), notFound("the product has no selection of assets"))
	}
	var dsl struct {
		Query struct {
			DSL struct {
				Query field.Query `json:"query"`
			} `json:"dsl"`
		} `json:"query"`
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	err := decoder.Decode(&dsl)
	if err == nil && len(dsl.Query.DSL.Query) == 0 {
		err = stateError("there is no query.dsl.query in it")
	}
	if err != nil {
		return nil, about(atlanassets.TypeDataProduct, product.QualifiedName(), &apierr.Error{
			Service: service, Kind: apierr.KindUnexpected, Message: "the selection of assets is not understood", Err: err,
		})
	}
	return dsl.Query.DSL.Query, nil
}

// productDSL writes the selection of a product the way that Atlan stores it: JSON in a string, the clause in two filters,
// with the attributes that its user interface wants of the assets (pyatlan's model/data_mesh.py).
func productDSL(selection field.Query) (string, error) {
	if len(selection) == 0 {
		return "", apierr.Invalid(service, "selection", "the selection is empty: it would choose nothing")
	}
	clause, err := encodeJSON(selection)
	if err != nil {
		return "", apierr.Invalid(service, "selection", "the selection does not encode: %s", err)
	}
	filter := func(inner any) map[string]any { return map[string]any{"bool": map[string]any{"filter": inner}} }
	text, err := encodeJSON(map[string]any{
		"query": map[string]any{
			"attributes":                    productAttributes(),
			"dsl":                           map[string]any{"from": 0, "query": filter(filter([]json.RawMessage{clause}))},
			"suppressLogs":                  true,
			"includeRelationshipAttributes": false,
		},
		"filterScrubbed": true,
	})
	return string(text), err
}

func productAttributes() []string {
	return []string{
		"__traitNames", "connectorName", "__customAttributes", "certificateStatus", "tenantId", "anchor", "parentQualifiedName",
		"Query.parentQualifiedName", "AtlasGlossaryTerm.anchor", "databaseName", "schemaName", "parent", "connectionQualifiedName",
		"collectionQualifiedName", "announcementMessage", "announcementTitle", "announcementType", "announcementUpdatedAt",
		"announcementUpdatedBy", "allowQuery", "allowQueryPreview", "adminGroups", "adminRoles", "adminUsers", "category",
		"credentialStrategy", "connectionSSOCredentialGuid", "certificateUpdatedAt", "certificateUpdatedBy", "classifications",
		"connectionId", "dataType", "defaultDatabaseQualifiedName", "defaultSchemaQualifiedName", "description", "displayName",
		"links", "link", "meanings", "name", "ownerGroups", "ownerUsers", "qualifiedName", "typeName", "userDescription",
		"displayDescription", "subDataType", "rowLimit", "queryTimeout", "previewCredentialStrategy", "policyStrategy",
		"policyStrategyForSamplePreview", "useObjectStorage", "objectStorageUploadThreshold", "outputPortDataProducts",
	}
}
