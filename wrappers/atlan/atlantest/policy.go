package atlantest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// mostPolicyAssets is how many assets the policies of a persona name together at most (atlas-metastore's
// AtlasConfiguration).
const mostPolicyAssets = 1000

// The actions that a policy may name, by its category and sub-category (atlas-metastore's AuthPolicyValidator).
var policyActions = map[string][]string{
	"persona/metadata": {
		"persona-asset-read", "persona-asset-update", "persona-api-create", "persona-api-delete", "persona-business-update-metadata",
		"persona-entity-add-classification", "persona-entity-update-classification", "persona-entity-remove-classification",
		"persona-add-terms", "persona-remove-terms", "persona-dq-update", "persona-dq-read", "persona-dq-create", "persona-dq-delete",
	},
	"persona/data": {"select"},
	"persona/glossary": {
		"persona-glossary-read", "persona-glossary-update", "persona-glossary-create", "persona-glossary-delete",
		"persona-glossary-update-custom-metadata", "persona-glossary-add-classifications", "persona-glossary-update-classifications",
		"persona-glossary-delete-classifications",
	},
	"purpose/metadata": {
		"entity-read", "entity-create", "entity-update", "entity-delete", "entity-read-classification", "entity-add-classification",
		"entity-update-classification", "entity-remove-classification", "entity-update-business-metadata", "purpose-add-terms", "purpose-remove-terms",
	},
	"purpose/data": {"select"},
}

func badRequest(format string, args ...any) *failure {
	return metastore(http.StatusBadRequest, "ATLAS-400-00-029", format, args...)
}

func unsupported(format string, args ...any) *failure {
	return metastore(http.StatusBadRequest, "ATLAS-400-00-116", format, args...)
}

// checkAccessControl sees that personas, purposes and policies are what the server takes (atlas-metastore's
// PurposePreProcessor, AuthPolicyPreProcessor and AuthPolicyValidator).
func (s *saver) checkAccessControl(x *saving) error {
	if !s.has(PolicyRules) {
		return nil
	}
	switch x.def.name {
	case "Purpose":
		return s.checkPurpose(x)
	case "AuthPolicy":
		return s.checkPolicy(x)
	}
	return nil
}

func (s *saver) checkPurpose(x *saving) error {
	if _, sent := x.sent.Attributes["purposeClassifications"]; !sent && !x.isNew {
		return nil
	}
	tags := slices.Sorted(slices.Values(texts(string(x.sent.Attributes["purposeClassifications"]))))
	if len(tags) == 0 {
		return badRequest("Please provide purposeClassifications for Purpose")
	}
	for _, o := range s.inOrder() {
		if o.def.name == "Purpose" && o != x.target && !o.deleted && slices.Equal(slices.Sorted(slices.Values(texts(o.get("purposeClassifications")))), tags) {
			return metastore(http.StatusConflict, "ATLAS-409-00-016", "Purpose with these tags already exists")
		}
	}
	return nil
}

// texts reads a list of strings.
func texts(value string) []string {
	var list []string
	_ = json.Unmarshal([]byte(value), &list) // null, or nothing
	return list
}

// sentText returns an attribute as a request has it. The validator does not look at what is stored.
func (x *saving) sentText(attr string) string {
	return unquoted(string(bytes.TrimSpace(x.sent.Attributes[attr])))
}

func (s *saver) checkPolicy(x *saving) error {
	category := x.sentText("policyCategory")
	if category == "" && x.target != nil {
		category = x.target.str("policyCategory")
	}
	if category == "" {
		return badRequest("Please provide attribute policyCategory")
	}
	if category != "persona" && category != "purpose" {
		return unsupported("Create/Update AuthPolicy with policyCategory other than persona, purpose and datamesh")
	}
	above := x.linked("accessControl")
	if above == nil || above.with != nil {
		// One that is made by the same request is not found, and then it is used.
		return internal("java.lang.NullPointerException", "Cannot invoke \"AtlasEntity.getStatus()\" because \"accessControl\" is null")
	}
	parent := above.to
	if parent.deleted {
		return unsupported("%s is not Active", parent.def.name)
	}
	if !strings.EqualFold(parent.def.name, category) {
		return badRequest("Please provide %s as accesscontrol", category)
	}
	sub := x.sentText("policySubCategory")
	if category == "persona" && sub == "domain" {
		if len(texts(string(x.sent.Attributes["policyResources"]))) == 0 {
			return internal("java.lang.NullPointerException", "Cannot invoke \"java.util.List.stream()\" because \"resources\" is null")
		}
		return nil
	}
	if x.isNew {
		for _, attr := range []string{"policyServiceName", "policyType"} {
			if x.sentText(attr) == "" {
				return badRequest("Please provide attribute %s", attr)
			}
		}
		if category == "persona" {
			if err := s.samePolicyName(x, parent); err != nil {
				return err
			}
		}
	} else if err := x.policyStays(parent); err != nil {
		return err
	}
	return s.checkPolicyContent(x, parent, category, sub)
}

// policyStays sees that an update leaves what it may not change.
func (x *saving) policyStays(parent *asset) error {
	for _, attr := range []string{"policyCategory", "policyServiceName", "policyResourceCategory", "policySubCategory", "connectionQualifiedName"} {
		if now := x.sentText(attr); now != "" && now != x.target.str(attr) {
			return unsupported("%s change not Allowed", attr)
		}
	}
	if was := x.target.first("accessControl"); was != nil && was != parent {
		return unsupported("Policy parent (accesscontrol) change is not Allowed")
	}
	return nil
}

// samePolicyName refuses a second policy of a name, which the server notices by a search.
func (s *saver) samePolicyName(x *saving, parent *asset) error {
	for _, e := range parent.at("policies") {
		o, _ := e.other(parent)
		if !o.deleted && o.str("name") == x.sentText("name") && (o.indexed || !s.has(UniqueByIndex)) {
			return badRequest("Policy with name '%s' already exists in %s '%s'", x.sentText("name"), parent.def.name, parent.str("name"))
		}
	}
	return nil
}

func (s *saver) checkPolicyContent(x *saving, parent *asset, category, sub string) error {
	valid := policyActions[category+"/"+sub]
	if valid == nil {
		if !x.isNew {
			return internal("java.lang.NullPointerException", "Cannot invoke \"java.util.Collection.contains(Object)\" because \"c\" is null")
		}
		return badRequest("Please provide valid value for attribute policySubCategory")
	}
	_, sent := x.sent.Attributes["policyActions"]
	actions := texts(string(x.sent.Attributes["policyActions"]))
	if len(actions) == 0 && (sent || x.isNew) {
		return badRequest("Please provide attribute policyActions")
	}
	for _, action := range actions {
		if !slices.Contains(valid, action) {
			return badRequest("Please provide valid values for attribute policyActions: Invalid actions [%s]", action)
		}
	}
	resourceCategory := map[string]string{"persona/data": "ENTITY", "persona/metadata": "CUSTOM", "persona/glossary": "CUSTOM", "purpose/data": "TAG", "purpose/metadata": "TAG"}
	if x.isNew && x.sentText("policyResourceCategory") != resourceCategory[category+"/"+sub] {
		return badRequest("Invalid resource category for %s", parent.def.name)
	}
	if category == "purpose" {
		return nil
	}
	_, sent = x.sent.Attributes["policyResources"]
	resources := texts(string(x.sent.Attributes["policyResources"]))
	if len(resources) == 0 && (sent || x.isNew) {
		return badRequest("Please provide attribute policyResources")
	}
	for _, resource := range resources {
		if key, _, _ := strings.Cut(resource, ":"); key != "entity" && key != "entity-type" {
			return badRequest("Please provide valid type of policy resources: [entity, entity-type]")
		}
	}
	if sub != "glossary" {
		connection := x.sentText("connectionQualifiedName")
		if connection == "" {
			return badRequest("Please provide attribute connectionQualifiedName")
		}
		for _, resource := range resources {
			if name, ok := strings.CutPrefix(resource, "entity:"); ok && !strings.HasPrefix(name, connection) {
				return badRequest("%s does not belong to connection %s", name, connection)
			}
		}
		if _, err := s.named("Connection", connection); err != nil {
			return err
		}
	}
	return s.checkPolicyAssets(x, parent, resources)
}

// checkPolicyAssets counts the assets in all policies of a persona that allow, or deny, the same.
func (s *saver) checkPolicyAssets(x *saving, parent *asset, resources []string) error {
	kind := x.sentText("policyType")
	if kind == "" && x.target != nil {
		kind = x.target.str("policyType")
	}
	named := make(map[string]bool)
	count := func(connection string, resources []string) {
		if connection != "" {
			named[connection] = true
		}
		for _, resource := range resources {
			if name, ok := strings.CutPrefix(resource, "entity:"); ok && !strings.ContainsAny(strings.TrimSuffix(name, "/*"), "*?") {
				named[strings.TrimSuffix(name, "/*")] = true
			}
		}
	}
	for _, e := range parent.at("policies") {
		if o, _ := e.other(parent); o != x.target && !o.deleted && o.str("policyType") == kind {
			count(o.str("connectionQualifiedName"), texts(o.get("policyResources")))
		}
	}
	count(x.sentText("connectionQualifiedName"), resources)
	if len(named) > mostPolicyAssets {
		return metastore(http.StatusBadRequest, "ATLAS-400-00-113",
			"Exceeded limit of maximum allowed assets across policies for a Persona: Limit: %d, assets: %d", mostPolicyAssets, len(named))
	}
	return nil
}

// applyAccessControl writes what the server decides about personas, purposes and policies.
func (s *saver) applyAccessControl(x *saving) {
	if !s.has(PolicyRules) {
		return
	}
	t := x.target
	switch t.def.name {
	case "Persona", "Purpose":
		if x.isNew {
			if t.get("isAccessControlEnabled") == "" {
				s.put(t, "isAccessControlEnabled", "true")
			}
			if t.def.name == "Persona" {
				role := &role{id: s.newID(), name: personaRole(t), description: t.str("name")}
				s.roles = append(s.roles, role)
				s.put(t, "roleId", quoted(role.id))
			}
			return
		}
		for _, e := range t.at("policies") {
			policy, _ := e.other(t)
			if policy.deleted {
				continue
			}
			s.put(policy, "isPolicyEnabled", t.get("isAccessControlEnabled"))
			if t.def.name == "Purpose" {
				s.put(policy, "policyResources", tagResources(t))
			}
			s.touch(policy)
		}
	case "AuthPolicy":
		parent := t.first("accessControl")
		if parent == nil {
			return
		}
		if x.isNew {
			s.put(t, "isPolicyEnabled", parent.get("isAccessControlEnabled"))
		}
		if parent.def.name == "Purpose" {
			s.put(t, "policyResources", tagResources(parent))
			return
		}
		s.put(t, "policyRoles", must([]string{personaRole(parent)}))
		s.put(t, "policyUsers", "")
		s.put(t, "policyGroups", "")
	}
}

func personaRole(a *asset) string {
	return "persona_" + a.qualifiedName[strings.LastIndexByte(a.qualifiedName, '/')+1:]
}

func tagResources(purpose *asset) string {
	tags := texts(purpose.get("purposeClassifications"))
	for i := range tags {
		tags[i] = "tag:" + tags[i]
	}
	return must(tags)
}

// governed returns assets with the policies of the personas and purposes among them, which go with these.
func (c *call) governed(all []*asset) []*asset {
	out := all
	for _, a := range all {
		if a.deleted || a.dying || a.def.name != "Persona" && a.def.name != "Purpose" || !c.has(PolicyRules) {
			continue
		}
		for _, e := range a.at("policies") {
			if policy, _ := e.other(a); !slices.Contains(out, policy) {
				out = append(out, policy)
			}
		}
		if a.def.name == "Persona" {
			c.dropRole(personaRole(a))
		}
	}
	return out
}
