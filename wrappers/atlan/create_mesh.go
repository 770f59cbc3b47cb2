package atlan

import (
	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/gen/atlanassets/field"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// noPlaybook is the filter of a product whose assets are chosen by a query alone (pyatlan's data product).
const noPlaybook = `{"condition":"AND","isGroupLocked":false,"rules":[]}`

// NewDataDomain returns a new domain, within another when a parent is given: a reference to a domain that exists or is
// saved together with it. The server makes its qualifiedName, see [NewGlossary]. Errors: an empty name, a parent that
// names nothing or is no domain, more than one parent.
func NewDataDomain(name string, parent ...atlanassets.Ref) (*Asset[atlanassets.DataDomain], error) {
	err := checkName(attributeName, name)
	if err == nil && len(parent) > 0 {
		err = checkRef("parent", parent[0], atlanassets.TypeDataDomain)
	}
	if err == nil {
		err = atMostOne("parent", len(parent))
	}
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.DataDomain]()
	a.Attributes.Name.Set(name)
	if len(parent) > 0 {
		a.Attributes.ParentDomain.Set(typed(parent[0], atlanassets.TypeDataDomain))
		if parent[0].QualifiedName != "" {
			a.Attributes.ParentDomainQualifiedName.Set(parent[0].QualifiedName)
		}
	}
	return a, nil
}

// NewDataProduct returns a new product of a domain. Selection is the clause that says which assets it holds, now and
// later: one of package field, or all of a search:
//
//	selection := client.Search(field.CertificateStatus.Eq("VERIFIED")).Types("Table", "View").Selection()
//	product, err := atlan.NewDataProduct("Orders", domain.Ref(), selection)
//
// The product is active and private until its attributes say otherwise (the defaults that pyatlan sends; the service wants
// some). The server makes its qualifiedName, see [NewGlossary].
//
// Errors: an empty name, a domain that names nothing or is none, a selection that is empty or does not encode.
func NewDataProduct(name string, domain atlanassets.Ref, selection field.Query) (*Asset[atlanassets.DataProduct], error) {
	err := checkName(attributeName, name)
	if err == nil {
		err = checkRef("domain", domain, atlanassets.TypeDataDomain)
	}
	if err != nil {
		return nil, err
	}
	dsl, err := productDSL(selection)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.DataProduct]()
	t := &a.Attributes
	t.Name.Set(name)
	t.DataDomain.Set(typed(domain, atlanassets.TypeDataDomain))
	t.DaapStatus.Set(atlanassets.DataProductStatusActive)
	t.DaapVisibility.Set(atlanassets.DataProductVisibilityPrivate)
	t.DataProductAssetsDSL.Set(dsl)
	t.DataProductAssetsPlaybookFilter.Set(noPlaybook)
	if domain.QualifiedName != "" {
		t.ParentDomainQualifiedName.Set(domain.QualifiedName)
	}
	return a, nil
}

func atMostOne(field string, n int) error {
	if n > 1 {
		return apierr.Invalid(service, field, "there is at most one %s, %d were given", field, n)
	}
	return nil
}
