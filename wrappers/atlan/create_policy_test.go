package atlan

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// What a save of new personas, purposes and their policies sends: what pyatlan sends of them.
func TestT7AccessControl(t *testing.T) {
	persona, purpose := atlanassets.RefByGUID("", "p1"), atlanassets.RefByGUID("Purpose", "p2")
	all := PurposeMembers{AllUsers: true}
	for _, test := range []struct {
		make func() (Item, error)
		want string
	}{
		{func() (Item, error) { return made(NewPersona("P")) },
			`{"typeName":"Persona","guid":"","attributes":{"displayName":"P","isAccessControlEnabled":true,"name":"P","qualifiedName":""}}`},
		{func() (Item, error) {
			return made(NewPersonaPolicy("N", persona, PersonaMetadataPolicy{Type: atlanassets.AuthPolicyTypeDeny, Connection: conn, Assets: []string{conn, schema, conn},
				Actions: []atlanassets.PersonaMetadataAction{atlanassets.PersonaMetadataActionPersonaAssetRead, "persona-new"}}))
		},
			`{"typeName":"AuthPolicy","guid":"","attributes":{"connectionQualifiedName":"default/snowflake/1700000000","name":"N","policyActions":["persona-asset-read","persona-new"],"policyCategory":"persona","policyResourceCategory":"CUSTOM","policyResources":["entity:default/snowflake/1700000000","entity:default/snowflake/1700000000/DB/S"],"policyServiceName":"atlas","policySubCategory":"metadata","policyType":"deny","qualifiedName":""},"relationshipAttributes":{"accessControl":{"guid":"p1","typeName":"Persona"}}}`},
		{func() (Item, error) {
			return made(NewPersonaPolicy("N", persona, PersonaDataPolicy{Type: atlanassets.AuthPolicyTypeAllow, Connection: conn, Assets: []string{table}}))
		},
			`{"typeName":"AuthPolicy","guid":"","attributes":{"connectionQualifiedName":"default/snowflake/1700000000","name":"N","policyActions":["select"],"policyCategory":"persona","policyResourceCategory":"ENTITY","policyResources":["entity:default/snowflake/1700000000/DB/S/T","entity-type:*"],"policyServiceName":"heka","policySubCategory":"data","policyType":"allow","qualifiedName":""},"relationshipAttributes":{"accessControl":{"guid":"p1","typeName":"Persona"}}}`},
		{func() (Item, error) {
			return made(NewPersonaPolicy("N", refTo("Persona", "default/p"), PersonaGlossaryPolicy{Type: atlanassets.AuthPolicyTypeAllow, Glossaries: []string{"nano"},
				Actions: []atlanassets.PersonaGlossaryAction{atlanassets.PersonaGlossaryActionPersonaGlossaryRead}}))
		},
			`{"typeName":"AuthPolicy","guid":"","attributes":{"name":"N","policyActions":["persona-glossary-read"],"policyCategory":"persona","policyResourceCategory":"CUSTOM","policyResources":["entity:nano"],"policyServiceName":"atlas","policySubCategory":"glossary","policyType":"allow","qualifiedName":""},"relationshipAttributes":{"accessControl":{"typeName":"Persona","uniqueAttributes":{"qualifiedName":"default/p"}}}}`},
		{func() (Item, error) {
			return made(NewPersonaPolicy("N", persona, PersonaDomainPolicy{Domains: []string{"default/domain/*/super"},
				Actions: []atlanassets.PersonaDomainAction{atlanassets.PersonaDomainActionPersonaDomainRead}}))
		},
			`{"typeName":"AuthPolicy","guid":"","attributes":{"name":"N","policyActions":["persona-domain-read"],"policyCategory":"persona","policyResourceCategory":"CUSTOM","policyResources":["entity:default/domain/*/super"],"policyServiceName":"atlas","policySubCategory":"domain","policyType":"allow","qualifiedName":""},"relationshipAttributes":{"accessControl":{"guid":"p1","typeName":"Persona"}}}`},
		{func() (Item, error) {
			return made(NewPurposePolicy("N", purpose, PurposeMetadataPolicy{Type: atlanassets.AuthPolicyTypeAllow, PurposeMembers: PurposeMembers{Users: []string{"ann", "bob", "ann"}, Groups: []string{"g"}},
				Actions: []atlanassets.PurposeMetadataAction{atlanassets.PurposeMetadataActionEntityRead}}))
		},
			`{"typeName":"AuthPolicy","guid":"","attributes":{"name":"N","policyActions":["entity-read"],"policyCategory":"purpose","policyGroups":["g"],"policyResourceCategory":"TAG","policyServiceName":"atlas_tag","policySubCategory":"metadata","policyType":"allow","policyUsers":["ann","bob"],"qualifiedName":""},"relationshipAttributes":{"accessControl":{"guid":"p2","typeName":"Purpose"}}}`},
		{func() (Item, error) {
			return made(NewPurposePolicy("N", purpose, PurposeDataPolicy{Type: atlanassets.AuthPolicyTypeDataMask, Mask: atlanassets.DataMaskingTypeMaskHash, PurposeMembers: all}))
		},
			`{"typeName":"AuthPolicy","guid":"","attributes":{"name":"N","policyActions":["select"],"policyCategory":"purpose","policyGroups":["public"],"policyMaskType":"MASK_HASH","policyResourceCategory":"TAG","policyServiceName":"atlas_tag","policySubCategory":"data","policyType":"dataMask","qualifiedName":""},"relationshipAttributes":{"accessControl":{"guid":"p2","typeName":"Purpose"}}}`},
	} {
		item, err := test.make()
		if err != nil {
			t.Errorf("want %s, got %v", test.want, err)
			continue
		}
		if diff := cmp.Diff(test.want, sentBy(t, item)); diff != "" {
			t.Error(diff)
		}
	}
}

// What the server would refuse, or take and not mean, is refused before it is sent.
func TestT7AccessControlRefuses(t *testing.T) {
	persona, purpose := atlanassets.RefByGUID("Persona", "p1"), atlanassets.RefByGUID("Purpose", "p2")
	unsaved, err := NewPersona("P")
	if err != nil {
		t.Fatal(err)
	}
	read := []atlanassets.PersonaMetadataAction{atlanassets.PersonaMetadataActionPersonaAssetRead}
	allow, all := atlanassets.AuthPolicyTypeAllow, PurposeMembers{AllUsers: true}
	many := make([]string, 1001)
	for i := range many {
		many[i] = conn + "/" + strconv.Itoa(i)
	}
	policy := func(content PersonaPolicy) func() (Item, error) {
		return func() (Item, error) { return made(NewPersonaPolicy("N", persona, content)) }
	}
	purposePolicy := func(content PurposePolicy) func() (Item, error) {
		return func() (Item, error) { return made(NewPurposePolicy("N", purpose, content)) }
	}
	good := PersonaMetadataPolicy{Type: allow, Actions: read, Connection: conn, Assets: []string{conn}}
	for i, test := range []struct {
		field string
		make  func() (Item, error)
	}{
		{"name", func() (Item, error) { return made(NewPersona(" ")) }},
		{"name", func() (Item, error) { return made(NewPurpose("", "t")) }},
		{"tags", func() (Item, error) { return made(NewPurpose("P")) }},
		{"tags", func() (Item, error) { return made(NewPurpose("P", "t", "")) }},
		{"name", func() (Item, error) { return made(NewPersonaPolicy("", persona, good)) }},
		{"persona", func() (Item, error) { return made(NewPersonaPolicy("N", atlanassets.Ref{}, good)) }},
		{"persona", func() (Item, error) { return made(NewPersonaPolicy("N", purpose, good)) }},
		{"persona", func() (Item, error) { return made(NewPersonaPolicy("N", unsaved.Ref(), good)) }},
		{"content", func() (Item, error) { return made(NewPersonaPolicy("N", persona, nil)) }},
		{"content", func() (Item, error) { return made(NewPurposePolicy("N", purpose, nil)) }},
		{"purpose", func() (Item, error) {
			return made(NewPurposePolicy("N", persona, PurposeDataPolicy{Type: allow, PurposeMembers: all}))
		}},
		{"type", policy(PersonaMetadataPolicy{Actions: read, Connection: conn, Assets: []string{conn}})},
		{"type", policy(PersonaDataPolicy{Type: atlanassets.AuthPolicyTypeDataMask, Connection: conn, Assets: []string{conn}})},
		{"type", policy(PersonaGlossaryPolicy{Type: "may", Actions: []atlanassets.PersonaGlossaryAction{"x"}, Glossaries: []string{"g"}})},
		{"actions", policy(PersonaMetadataPolicy{Type: allow, Connection: conn, Assets: []string{conn}})},
		{"actions", policy(PersonaMetadataPolicy{Type: allow, Actions: []atlanassets.PersonaMetadataAction{""}, Connection: conn, Assets: []string{conn}})},
		{"actions", policy(PersonaGlossaryPolicy{Type: allow, Glossaries: []string{"g"}})},
		{"actions", policy(PersonaDomainPolicy{Domains: []string{"g"}})},
		{"connectionQualifiedName", policy(PersonaMetadataPolicy{Type: allow, Actions: read, Assets: []string{conn}})},
		{"connectionQualifiedName", policy(PersonaDataPolicy{Type: allow, Connection: schema, Assets: []string{schema}})},
		{"assets", policy(PersonaMetadataPolicy{Type: allow, Actions: read, Connection: conn})},
		{"assets", policy(PersonaMetadataPolicy{Type: allow, Actions: read, Connection: conn, Assets: []string{conn + "1/DB"}})},
		{"assets", policy(PersonaMetadataPolicy{Type: allow, Actions: read, Connection: conn, Assets: []string{"entity:" + conn}})},
		{"assets", policy(PersonaDataPolicy{Type: allow, Connection: conn, Assets: []string{""}})},
		{"assets", policy(PersonaDataPolicy{Type: allow, Connection: conn, Assets: many})},
		{"glossaries", policy(PersonaGlossaryPolicy{Type: allow, Actions: []atlanassets.PersonaGlossaryAction{"x"}})},
		{"glossaries", policy(PersonaGlossaryPolicy{Type: allow, Actions: []atlanassets.PersonaGlossaryAction{"x"}, Glossaries: []string{"entity:g"}})},
		{"domains", policy(PersonaDomainPolicy{Actions: []atlanassets.PersonaDomainAction{"x"}, Domains: []string{" "}})},
		{"actions", purposePolicy(PurposeMetadataPolicy{Type: allow, PurposeMembers: all})},
		{"type", purposePolicy(PurposeMetadataPolicy{Type: atlanassets.AuthPolicyTypeDataMask, Actions: []atlanassets.PurposeMetadataAction{"x"}, PurposeMembers: all})},
		{"type", purposePolicy(PurposeDataPolicy{PurposeMembers: all})},
		{"mask", purposePolicy(PurposeDataPolicy{Type: atlanassets.AuthPolicyTypeDataMask, PurposeMembers: all})},
		{"mask", purposePolicy(PurposeDataPolicy{Type: allow, Mask: atlanassets.DataMaskingTypeMaskNull, PurposeMembers: all})},
		{"members", purposePolicy(PurposeDataPolicy{Type: allow})},
		{"members", purposePolicy(PurposeDataPolicy{Type: allow, PurposeMembers: PurposeMembers{AllUsers: true, Users: []string{"ann"}}})},
		{"users", purposePolicy(PurposeDataPolicy{Type: allow, PurposeMembers: PurposeMembers{Users: []string{""}}})},
	} {
		_, err := test.make()
		var e *apierr.Error
		if !errors.As(err, &e) || !errors.Is(err, ErrInvalidRequest) || len(e.Fields) != 1 || e.Fields[0].Field != test.field || e.Attempts != 0 {
			t.Errorf("%d: want an error about %s, got %v", i, test.field, err)
		}
	}
}

// What the caller gives to a policy stays the caller's: nothing is added to it, and changing it later changes nothing.
func TestT7PoliciesKeepTheCallersLists(t *testing.T) {
	assets := append(make([]string, 0, 10), table)
	actions := append(make([]atlanassets.PersonaMetadataAction, 0, 10), atlanassets.PersonaMetadataActionPersonaAssetRead)
	data, err := NewPersonaPolicy("N", atlanassets.RefByGUID("Persona", "p"), PersonaDataPolicy{Type: atlanassets.AuthPolicyTypeAllow, Connection: conn, Assets: assets})
	if err != nil {
		t.Fatal(err)
	}
	metadata, err := NewPersonaPolicy("N", atlanassets.RefByGUID("Persona", "p"), PersonaMetadataPolicy{Type: atlanassets.AuthPolicyTypeAllow, Actions: actions, Connection: conn, Assets: assets})
	if err != nil {
		t.Fatal(err)
	}
	if len(assets) != 1 || assets[:2][1] != "" || actions[:2][1] != "" {
		t.Errorf("%q, %q", assets[:2], actions[:2])
	}
	users := []string{"ann"}
	policy, err := NewPurposePolicy("N", atlanassets.RefByGUID("Purpose", "p"), PurposeDataPolicy{Type: atlanassets.AuthPolicyTypeAllow, PurposeMembers: PurposeMembers{Users: users}})
	if err != nil {
		t.Fatal(err)
	}
	assets[0], actions[0], users[0] = "x", "x", "x"
	for _, list := range [][]string{
		data.Attributes.PolicyResources.Or(nil), metadata.Attributes.PolicyResources.Or(nil), metadata.Attributes.PolicyActions.Or(nil),
		policy.Attributes.PolicyUsers.Or(nil),
	} {
		if len(list) == 0 || slices.Contains(list, "x") {
			t.Errorf("%q", list)
		}
	}
}

// A policy that exists is saved whole, whatever was changed in it, and refused when it was not read so.
func TestT7PoliciesAreSavedWhole(t *testing.T) {
	const whole = `{"typeName":"AuthPolicy","guid":"g1","status":"ACTIVE","attributes":{"name":"N","qualifiedName":"default/p/x","policyCategory":"persona",` +
		`"policySubCategory":"metadata","policyServiceName":"atlas","policyType":"allow","policyActions":["a"],"policyResourceCategory":"CUSTOM",` +
		`"policyResources":["entity:c"],"connectionQualifiedName":"c","isPolicyEnabled":true},"relationshipAttributes":{"accessControl":{"guid":"p1","typeName":"Persona","displayText":"P"}}}`
	var policy Asset[atlanassets.AuthPolicy]
	if err := policy.UnmarshalJSON([]byte(whole)); err != nil {
		t.Fatal(err)
	}
	policy.Attributes.PolicyActions.Set([]string{"a", "b"})
	want := `{"typeName":"AuthPolicy","guid":"g1","attributes":{"connectionQualifiedName":"c","name":"N","policyActions":["a","b"],"policyCategory":"persona","policyResourceCategory":"CUSTOM","policyResources":["entity:c"],"policyServiceName":"atlas","policySubCategory":"metadata","policyType":"allow","qualifiedName":"default/p/x"},"relationshipAttributes":{"accessControl":{"guid":"p1","typeName":"Persona"}}}`
	if diff := cmp.Diff(want, sentBy(t, &policy)); diff != "" {
		t.Error(diff)
	}
	for missing, text := range map[string]string{
		"policyCategory": `{"typeName":"AuthPolicy","guid":"g1","attributes":{"name":"N","qualifiedName":"q"}}`,
		"accessControl":  `{"typeName":"AuthPolicy","guid":"g1","attributes":{"name":"N","qualifiedName":"q","policyCategory":"purpose"}}`,
		"policyActions":  `{"typeName":"AuthPolicy","guid":"g1","attributes":{"name":"N","qualifiedName":"q","policyCategory":"purpose","policySubCategory":"data","policyServiceName":"s","policyType":"t"},"relationshipAttributes":{"accessControl":{"guid":"p1"}}}`,
	} {
		var partial Entity
		if err := partial.UnmarshalJSON([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := partial.SetAttribute("description", "x"); err != nil {
			t.Fatal(err)
		}
		_, err := changeOf(&partial, SaveOptions{})
		var e *apierr.Error
		if !errors.As(err, &e) || e.Kind != apierr.KindInvalid || e.Fields[0].Field != missing {
			t.Errorf("want an error about %s, got %v", missing, err)
		}
	}
}

// The tags of a purpose are named by people and sent by their ids, and a name that no tag has is reported before.
func TestT7PurposeTags(t *testing.T) {
	s := newMetastore()
	client, ctx := testClient(t, s), t.Context()
	names := []string{"PII", "Source", "PII"}
	purpose, err := NewPurpose("P", names...)
	if err != nil {
		t.Fatal(err)
	}
	names[0] = "x"
	sent := func(item Item) string {
		t.Helper()
		saving := saving{client: client, items: []Item{item}}
		if err := saving.prepare(ctx); err != nil {
			t.Fatal(err)
		}
		text, err := saving.body()
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	want := `{"entities":[{"typeName":"Purpose","guid":"-1","attributes":{"displayName":"P","isAccessControlEnabled":true,"name":"P","purposeClassifications":["t1","t2"],"qualifiedName":"-1"}}]}`
	for range 2 {
		if diff := cmp.Diff(want, sent(purpose)); diff != "" {
			t.Error(diff)
		}
	}
	purpose.Attributes.PurposeClassifications.Set([]string{"t4"})
	if got := sent(purpose); !strings.Contains(got, `"purposeClassifications":["t4"]`) {
		t.Error(got)
	}
	purpose.Attributes.PurposeClassifications.Set([]string{"t2", "gone"})
	if got, err := client.Purposes().TagNames(ctx, purpose); err != nil || !slices.Equal(got, []string{"Source", DeletedName}) {
		t.Errorf("%q (%v)", got, err)
	}
	if purpose, err = NewPurpose("P", "Nobody"); err != nil {
		t.Fatal(err)
	}
	_, err = client.Save(ctx, purpose)
	wantError(t, err, ErrNotFound, "Nobody")
	if len(s.bodies) != 0 {
		t.Error("something was sent")
	}
}
