package atlan

import (
	"context"
	"strings"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// maxPolicyAssets is how many assets the policies of a persona may name (atlas-metastore's AtlasConfiguration).
const maxPolicyAssets = 1000

// What the policies of personas and purposes are called on the wire (pyatlan's persona.py and purpose.py).
const (
	policyOfPersona = string(atlanassets.AuthPolicyCategoryPersona)
	policyOfPurpose = string(atlanassets.AuthPolicyCategoryPurpose)

	policyMetadata = "metadata"
	policyData     = "data"
	policyGlossary = "glossary"
	policyDomain   = "domain"

	everyone = "public" // the group that all users are in
)

// Policies are the policies of personas and purposes. A policy that was read can be changed and saved; the server wants to
// see it whole then, so one that was read in part, without its relationships or by a search, is refused before it is sent.
// Its kind, its connection and its persona or purpose cannot be changed.
//
// New ones are made with [NewPersonaPolicy] and [NewPurposePolicy]; [Personas.Policies] and [Purposes.Policies] list them.
func (c *Client) Policies() Collection[atlanassets.AuthPolicy] {
	return Of[atlanassets.AuthPolicy](c)
}

// PersonaPolicy is what a policy of a persona says: a [PersonaMetadataPolicy], a [PersonaDataPolicy], a
// [PersonaGlossaryPolicy] or a [PersonaDomainPolicy].
type PersonaPolicy interface {
	fillPersonaPolicy(policy *atlanassets.AuthPolicy) error
}

// PurposePolicy is what a policy of a purpose says: a [PurposeMetadataPolicy] or a [PurposeDataPolicy].
type PurposePolicy interface {
	fillPurposePolicy(policy *atlanassets.AuthPolicy) error
}

// PersonaMetadataPolicy says what people may do, or not do, with the metadata of assets of a connection. Only an admin of
// the connection may save it.
type PersonaMetadataPolicy struct {
	// Type is AuthPolicyTypeAllow or AuthPolicyTypeDeny.
	Type atlanassets.AuthPolicyType
	// Actions are what is allowed or denied, at least one.
	Actions []atlanassets.PersonaMetadataAction
	// Connection is the qualifiedName of the connection.
	Connection string
	// Assets are the qualifiedNames of assets of the connection, or of the connection itself, with everything below them:
	// at least one. They may have the wildcards * and ?. The policies of a persona may name 1,000 together.
	Assets []string
}

// PersonaDataPolicy says whether people may query the data of assets of a connection. Only an admin of the connection may
// save it.
type PersonaDataPolicy struct {
	// Type is AuthPolicyTypeAllow or AuthPolicyTypeDeny.
	Type atlanassets.AuthPolicyType
	// Connection and Assets are as in [PersonaMetadataPolicy].
	Connection string
	Assets     []string
}

// PersonaGlossaryPolicy says what people may do, or not do, with the terms and categories of glossaries.
type PersonaGlossaryPolicy struct {
	// Type is AuthPolicyTypeAllow or AuthPolicyTypeDeny.
	Type atlanassets.AuthPolicyType
	// Actions are what is allowed or denied, at least one.
	Actions []atlanassets.PersonaGlossaryAction
	// Glossaries are the qualifiedNames of the glossaries: at least one, and 1,000 at most.
	Glossaries []string
}

// PersonaDomainPolicy says what people may do with domains, what is in them and their products. It always allows.
type PersonaDomainPolicy struct {
	// Actions are what is allowed, at least one.
	Actions []atlanassets.PersonaDomainAction
	// Domains are the qualifiedNames of the domains: at least one, and 1,000 at most. default/domain/*/super stands for all.
	Domains []string
}

// PurposeMembers are whom a policy of a purpose is for: everyone, or at least one user or group.
type PurposeMembers struct {
	// Users are user names, Groups names of groups (the internal ones, not the aliases). Atlan does not check that they
	// exist.
	Users, Groups []string
	// AllUsers is everyone. It does not go with Users and Groups.
	AllUsers bool
}

// PurposeMetadataPolicy says what people may do, or not do, with the metadata of assets that have the tags of the purpose.
type PurposeMetadataPolicy struct {
	// Type is AuthPolicyTypeAllow or AuthPolicyTypeDeny.
	Type atlanassets.AuthPolicyType
	// Actions are what is allowed or denied, at least one.
	Actions []atlanassets.PurposeMetadataAction
	PurposeMembers
}

// PurposeDataPolicy says whether people may query the data of assets that have the tags of the purpose, or that they see it
// masked.
type PurposeDataPolicy struct {
	// Type is AuthPolicyTypeAllow, AuthPolicyTypeDeny or AuthPolicyTypeDataMask.
	Type atlanassets.AuthPolicyType
	// Mask says how data is masked, and is set for AuthPolicyTypeDataMask only.
	Mask atlanassets.DataMaskingType
	PurposeMembers
}

// NewPersonaPolicy returns a new policy of a persona that was saved: the server does not take both in one request.
//
//	policy, err := atlan.NewPersonaPolicy("Read sales", persona.Ref(), atlan.PersonaMetadataPolicy{
//		Type:       atlanassets.AuthPolicyTypeAllow,
//		Actions:    []atlanassets.PersonaMetadataAction{atlanassets.PersonaMetadataActionPersonaAssetRead},
//		Connection: connection,
//		Assets:     []string{connection + "/SALES"},
//	})
//	report, err := client.Save(ctx, policy)
//
// The server makes its qualifiedName, see [NewGlossary]; it enables the policy when its persona is, and notices a second one
// of the same name only when searches see the first. Nothing of the caller's is changed or kept.
//
// Errors of kind [apierr.KindInvalid], which name what is wrong: an empty name, a reference that names nothing, leads
// elsewhere or to a persona that was not saved, a type that is not allowed there, no action, no assets or more than 1,000,
// a connection that is none, an asset that is not in it. It does no I/O.
func NewPersonaPolicy(name string, persona atlanassets.Ref, content PersonaPolicy) (*Asset[atlanassets.AuthPolicy], error) {
	a, err := newPolicy(name, "persona", atlanassets.TypePersona, persona)
	if err != nil {
		return nil, err
	}
	if content == nil {
		return nil, apierr.Invalid(service, "content", "the policy says nothing")
	}
	a.Attributes.PolicyCategory.Set(policyOfPersona)
	if err := content.fillPersonaPolicy(&a.Attributes); err != nil {
		return nil, err
	}
	return a, nil
}

// NewPurposePolicy returns a new policy of a purpose that was saved. See [NewPersonaPolicy]; further errors: no users,
// groups or everyone, a mask where nothing is masked, and none where something is.
func NewPurposePolicy(name string, purpose atlanassets.Ref, content PurposePolicy) (*Asset[atlanassets.AuthPolicy], error) {
	a, err := newPolicy(name, "purpose", atlanassets.TypePurpose, purpose)
	if err != nil {
		return nil, err
	}
	if content == nil {
		return nil, apierr.Invalid(service, "content", "the policy says nothing")
	}
	a.Attributes.PolicyCategory.Set(policyOfPurpose)
	a.Attributes.PolicyResourceCategory.Set(string(atlanassets.AuthPolicyResourceCategoryTag))
	a.Attributes.PolicyServiceName.Set("atlas_tag")
	if err := content.fillPurposePolicy(&a.Attributes); err != nil {
		return nil, err
	}
	return a, nil
}

func newPolicy(name, field, typeName string, of atlanassets.Ref) (*Asset[atlanassets.AuthPolicy], error) {
	err := checkName(attributeName, name)
	if err == nil {
		err = checkRef(field, of, typeName)
	}
	if err == nil && isPlaceholder(of.GUID) {
		err = apierr.Invalid(service, field, "the %s was not saved yet: save it first, then its policies", field)
	}
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.AuthPolicy]()
	a.Attributes.Name.Set(name)
	a.Attributes.AccessControl.Set(typed(of, typeName))
	return a, nil
}

func (p PersonaMetadataPolicy) fillPersonaPolicy(policy *atlanassets.AuthPolicy) error {
	if err := fillType(policy, p.Type); err != nil {
		return err
	}
	if err := fillActions(policy, p.Actions); err != nil {
		return err
	}
	policy.PolicySubCategory.Set(policyMetadata)
	policy.PolicyResourceCategory.Set(string(atlanassets.AuthPolicyResourceCategoryCustom))
	policy.PolicyServiceName.Set("atlas")
	return fillAssets(policy, p.Connection, p.Assets)
}

func (p PersonaDataPolicy) fillPersonaPolicy(policy *atlanassets.AuthPolicy) error {
	if err := fillType(policy, p.Type); err != nil {
		return err
	}
	policy.PolicyActions.Set([]string{string(atlanassets.DataActionSelect)})
	policy.PolicySubCategory.Set(policyData)
	policy.PolicyResourceCategory.Set(string(atlanassets.AuthPolicyResourceCategoryEntity))
	policy.PolicyServiceName.Set("heka")
	return fillAssets(policy, p.Connection, p.Assets, "entity-type:*")
}

func (p PersonaGlossaryPolicy) fillPersonaPolicy(policy *atlanassets.AuthPolicy) error {
	if err := fillType(policy, p.Type); err != nil {
		return err
	}
	if err := fillActions(policy, p.Actions); err != nil {
		return err
	}
	policy.PolicySubCategory.Set(policyGlossary)
	policy.PolicyResourceCategory.Set(string(atlanassets.AuthPolicyResourceCategoryCustom))
	policy.PolicyServiceName.Set("atlas")
	return fillResources(policy, "glossaries", p.Glossaries)
}

func (p PersonaDomainPolicy) fillPersonaPolicy(policy *atlanassets.AuthPolicy) error {
	if err := fillActions(policy, p.Actions); err != nil {
		return err
	}
	policy.PolicyType.Set(atlanassets.AuthPolicyTypeAllow)
	policy.PolicySubCategory.Set(policyDomain)
	policy.PolicyResourceCategory.Set(string(atlanassets.AuthPolicyResourceCategoryCustom))
	policy.PolicyServiceName.Set("atlas")
	return fillResources(policy, "domains", p.Domains)
}

func (p PurposeMetadataPolicy) fillPurposePolicy(policy *atlanassets.AuthPolicy) error {
	if err := fillType(policy, p.Type); err != nil {
		return err
	}
	if err := fillActions(policy, p.Actions); err != nil {
		return err
	}
	policy.PolicySubCategory.Set(policyMetadata)
	return p.fill(policy)
}

func (p PurposeDataPolicy) fillPurposePolicy(policy *atlanassets.AuthPolicy) error {
	if err := fillType(policy, p.Type, atlanassets.AuthPolicyTypeDataMask); err != nil {
		return err
	}
	switch masks := p.Type == atlanassets.AuthPolicyTypeDataMask; {
	case masks && p.Mask == "":
		return apierr.Invalid(service, "mask", "the policy masks data and does not say how")
	case !masks && p.Mask != "":
		return apierr.Invalid(service, "mask", "a policy of type %s masks nothing", p.Type)
	case masks:
		policy.PolicyMaskType.Set(string(p.Mask))
	}
	policy.PolicyActions.Set([]string{string(atlanassets.DataActionSelect)})
	policy.PolicySubCategory.Set(policyData)
	return p.fill(policy)
}

func (m PurposeMembers) fill(policy *atlanassets.AuthPolicy) error {
	switch named := len(m.Users) + len(m.Groups); {
	case m.AllUsers && named > 0:
		return apierr.Invalid(service, "members", "the policy is for everyone and for some: leave the users and groups out, or AllUsers")
	case m.AllUsers:
		policy.PolicyGroups.Set([]string{everyone})
		return nil
	case named == 0:
		return apierr.Invalid(service, "members", "the policy is for nobody: give it users, groups or AllUsers")
	}
	for field, list := range map[string][]string{"users": m.Users, "groups": m.Groups} {
		for _, name := range list {
			if err := checkName(field, name); err != nil {
				return err
			}
		}
	}
	if len(m.Users) > 0 {
		policy.PolicyUsers.Set(distinct(m.Users))
	}
	if len(m.Groups) > 0 {
		policy.PolicyGroups.Set(distinct(m.Groups))
	}
	return nil
}

// fillType takes allow and deny, and what else is permitted.
func fillType(policy *atlanassets.AuthPolicy, is atlanassets.AuthPolicyType, more ...atlanassets.AuthPolicyType) error {
	permitted := append([]atlanassets.AuthPolicyType{atlanassets.AuthPolicyTypeAllow, atlanassets.AuthPolicyTypeDeny}, more...)
	names := make([]string, len(permitted))
	for i, one := range permitted {
		if is == one {
			policy.PolicyType.Set(is)
			return nil
		}
		names[i] = string(one)
	}
	return apierr.Invalid(service, "type", "the type %q of the policy is not %s", string(is), strings.Join(names, " or "))
}

// fillActions takes any action: the server may know more than this library.
func fillActions[A ~string](policy *atlanassets.AuthPolicy, actions []A) error {
	if len(actions) == 0 {
		return apierr.Invalid(service, "actions", "the policy has no actions")
	}
	names := make([]string, len(actions))
	for i, action := range actions {
		if err := checkName("actions", string(action)); err != nil {
			return err
		}
		names[i] = string(action)
	}
	policy.PolicyActions.Set(distinct(names))
	return nil
}

// fillAssets takes assets of a connection.
func fillAssets(policy *atlanassets.AuthPolicy, connection string, assets []string, more ...string) error {
	if _, err := parentPath("connection", connection, connectionSegments); err != nil {
		return err
	}
	for _, name := range assets {
		if name != connection && !strings.HasPrefix(name, connection+"/") {
			return apierr.Invalid(service, "assets", "the asset %q is not in the connection %s", name, connection)
		}
	}
	policy.ConnectionQualifiedName.Set(connection)
	return fillResources(policy, "assets", assets, more...)
}

// fillResources takes qualifiedNames, and resources that are written as the server wants them.
func fillResources(policy *atlanassets.AuthPolicy, field string, qualifiedNames []string, more ...string) error {
	if len(qualifiedNames) == 0 {
		return apierr.Invalid(service, field, "the policy is about nothing: it has no %s", field)
	}
	qualifiedNames = distinct(qualifiedNames)
	if n := len(qualifiedNames); n > maxPolicyAssets {
		return apierr.Invalid(service, field, "the policy has %d %s, the server takes %d in all policies of a persona", n, field, maxPolicyAssets)
	}
	resources := make([]string, 0, len(qualifiedNames)+len(more))
	for _, name := range qualifiedNames {
		if err := checkName(field, name); err != nil {
			return err
		}
		if strings.HasPrefix(name, "entity:") {
			return apierr.Invalid(service, field, "%q is a resource: give the qualifiedName, without entity:", name)
		}
		resources = append(resources, "entity:"+name)
	}
	policy.PolicyResources.Set(append(resources, more...))
	return nil
}

// policies reads the policies of a persona or purpose that was read.
func (c *Client) policies(ctx context.Context, of *atlanassets.AccessControl) ([]*Asset[atlanassets.AuthPolicy], error) {
	refs, _ := of.Policies.Get()
	guids := make([]string, 0, len(refs))
	for _, ref := range refs {
		if ref.RelationshipStatus != string(StatusDeleted) && ref.EntityStatus != string(StatusDeleted) {
			guids = append(guids, ref.GUID)
		}
	}
	entities, _, err := c.Entities(ctx, guids)
	if err != nil {
		return nil, err
	}
	list := make([]*Asset[atlanassets.AuthPolicy], 0, len(entities))
	for _, e := range entities {
		if e.Status == StatusDeleted {
			continue
		}
		policy, err := AssetOf[atlanassets.AuthPolicy](e)
		if err != nil {
			return nil, err
		}
		list = append(list, policy)
	}
	return list, nil
}

// identifyPolicy adds what the server wants to see of a policy of a persona or purpose in every save: it looks at what is
// sent and not at what is stored (atlas-metastore's AuthPolicyPreProcessor; pyatlan has its users send all of it, too).
func (c *change) identifyPolicy() error {
	e := c.entity
	category := textOf(e.attributes.get("policyCategory"))
	if category != policyOfPersona && category != policyOfPurpose {
		if category == "" && e.known {
			return partialPolicy("policyCategory")
		}
		return nil
	}
	value, ok := e.relations.get("accessControl")
	if !ok || isNull(value) {
		if value, ok = e.attributes.get("accessControl"); !ok || isNull(value) {
			return partialPolicy("accessControl")
		}
		delete(c.attributes, "accessControl")
	}
	c.relations["accessControl"] = bareRef(value)
	if !e.known {
		return nil
	}
	wanted := []string{"policyCategory", "policySubCategory", "policyServiceName", "policyType", "policyActions"}
	if category == policyOfPersona {
		wanted = append(wanted, "policyResourceCategory", "policyResources")
		if sub := textOf(e.attributes.get("policySubCategory")); sub == policyMetadata || sub == policyData {
			wanted = append(wanted, "connectionQualifiedName")
		}
	}
	for _, name := range wanted {
		value, ok := e.attributes.get(name)
		if !ok || isNull(value) {
			return partialPolicy(name)
		}
		c.attributes[name] = value
	}
	return nil
}

func partialPolicy(missing string) error {
	err := apierr.Invalid(service, missing, "the server wants to see a policy whole: it has no %s", missing)
	err.Hint = "Read the policy with its relationships before it is changed, not by a search."
	return err
}
