package tests_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
	"github.com/sluice-sdk/sluice/wrappers/atlan"
	"github.com/sluice-sdk/sluice/wrappers/atlan/atlantest"
)

func readAssets() []atlanassets.PersonaMetadataAction {
	return []atlanassets.PersonaMetadataAction{atlanassets.PersonaMetadataActionPersonaAssetRead}
}

// A persona gets policies of all kinds, which can be listed, changed and switched off with it, and go with it.
func TestT7PersonaPolicies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		_, connection := f.AddConnection("snowflake", "C")
		_, glossary := f.AddGlossary("G")
		persona := must(atlan.NewPersona("Analysts"))(t)
		persona.Attributes.PersonaUsers.Set([]string{f.UserName()})
		must(client.Save(ctx, persona))(t)
		allow := atlanassets.AuthPolicyTypeAllow
		var items []atlan.Item
		for name, content := range map[string]atlan.PersonaPolicy{
			"metadata": atlan.PersonaMetadataPolicy{Type: allow, Actions: readAssets(), Connection: connection, Assets: []string{connection + "/SALES"}},
			"data":     atlan.PersonaDataPolicy{Type: atlanassets.AuthPolicyTypeDeny, Connection: connection, Assets: []string{connection}},
			"glossary": atlan.PersonaGlossaryPolicy{Type: allow, Actions: []atlanassets.PersonaGlossaryAction{atlanassets.PersonaGlossaryActionPersonaGlossaryRead}, Glossaries: []string{glossary}},
			"domain":   atlan.PersonaDomainPolicy{Actions: []atlanassets.PersonaDomainAction{atlanassets.PersonaDomainActionPersonaDomainRead}, Domains: []string{"default/domain/*/super"}},
		} {
			items = append(items, must(atlan.NewPersonaPolicy(name, persona.Ref(), content))(t))
		}
		if report := must(client.Save(ctx, items...))(t); report.Count(atlan.Created) != 4 {
			t.Errorf("%+v", report)
		}
		policies := must(client.Personas().Policies(ctx, persona.QualifiedName()))(t)
		if len(policies) != 4 {
			t.Fatalf("%d policies", len(policies))
		}
		for _, policy := range policies {
			if a := policy.Attributes; a.PolicySubCategory.Or("") != policy.Name() || !a.IsPolicyEnabled.Or(false) || !strings.HasPrefix(policy.QualifiedName(), persona.QualifiedName()+"/") {
				t.Errorf("%s: %+v", policy.Name(), a)
			}
			// Each can be changed: it is sent whole.
			policy.Attributes.Description.Set("about " + policy.Name())
			if report := must(client.Save(ctx, policy))(t); !report.Changed() {
				t.Errorf("%+v", report)
			}
		}
		i := slices.IndexFunc(policies, func(p *atlan.Asset[atlanassets.AuthPolicy]) bool { return p.Name() == "metadata" })
		must(client.Policies().Update(ctx, policies[i].QualifiedName(), func(a *atlan.Asset[atlanassets.AuthPolicy]) error {
			a.Attributes.PolicyActions.Set(append(a.Attributes.PolicyActions.Or(nil), string(atlanassets.PersonaMetadataActionPersonaAssetUpdate)))
			return nil
		}))(t)
		if got := must(client.Policies().GetByGUID(ctx, policies[i].GUID))(t); len(got.Attributes.PolicyActions.Or(nil)) != 2 || got.Attributes.Description.Or("") != "about metadata" {
			t.Errorf("%+v", got.Attributes)
		}
		// Read in part it is refused, and nothing is sent.
		posts := f.Log().Count("bulkSaveEntities")
		partial := must(client.Policies().GetByGUID(ctx, policies[i].GUID, atlan.ReadOptions{WithoutRelationships: true}))(t)
		partial.Attributes.Description.Set("x")
		if _, err := client.Save(ctx, partial); !errors.Is(err, atlan.ErrInvalidRequest) || f.Log().Count("bulkSaveEntities") != posts {
			t.Errorf("%v", err)
		}
		must(client.Personas().Update(ctx, persona.QualifiedName(), func(a *atlan.Asset[atlanassets.Persona]) error {
			a.Attributes.IsAccessControlEnabled.Set(false)
			return nil
		}))(t)
		for _, policy := range must(client.Personas().Policies(ctx, persona.QualifiedName()))(t) {
			if policy.Attributes.IsPolicyEnabled.Or(true) {
				t.Errorf("%s is enabled", policy.Name())
			}
		}
		must(client.Personas().Delete(ctx, persona.QualifiedName(), atlan.DeletePurge))(t)
		if n := f.CountAssets("AuthPolicy"); n != 0 {
			t.Errorf("%d policies without a persona", n)
		}
		if _, err := client.Personas().Policies(ctx, persona.QualifiedName()); !errors.Is(err, atlan.ErrNotFound) {
			t.Errorf("%v", err)
		}
	})
}

// The policies of a persona may name 1,000 assets together, which only the server can count.
func TestT7PolicyAssetLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		_, connection := f.AddConnection("snowflake", "C")
		persona := must(atlan.NewPersona("P"))(t)
		must(client.Save(ctx, persona))(t)
		policy := func(name string, from, to int) error {
			var assets []string
			for i := from; i < to; i++ {
				assets = append(assets, fmt.Sprintf("%s/D%d", connection, i))
			}
			p, err := atlan.NewPersonaPolicy(name, persona.Ref(), atlan.PersonaMetadataPolicy{Type: atlanassets.AuthPolicyTypeAllow, Actions: readAssets(), Connection: connection, Assets: assets})
			if err == nil {
				_, err = client.Save(ctx, p)
			}
			return err
		}
		posts := f.Log().Count("bulkSaveEntities")
		if err := policy("too many", 0, 1001); !errors.Is(err, atlan.ErrInvalidRequest) || f.Log().Count("bulkSaveEntities") != posts {
			t.Errorf("%v", err)
		}
		ok(t, policy("first", 0, 600))
		ok(t, policy("second", 300, 900))
		err := policy("third", 900, 1000)
		var e *apierr.Error
		if !errors.As(err, &e) || !errors.Is(err, atlan.ErrInvalidRequest) || e.Code != "ATLAS-400-00-113" {
			t.Errorf("%v", err)
		}
	})
}

// A purpose gives its policies the tags they are about; masks and members arrive.
func TestT7PurposePolicies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		pii, secret := f.AddTag("PII"), f.AddTag("Secret")
		purpose := must(atlan.NewPurpose("Privacy", "PII"))(t)
		must(client.Save(ctx, purpose))(t)
		pass(5 * time.Second)
		if _, err := client.Save(ctx, must(atlan.NewPurpose("Again", "PII"))(t)); !errors.Is(err, atlan.ErrConflict) {
			t.Errorf("%v", err)
		}
		mask := must(atlan.NewPurposePolicy("mask", purpose.Ref(), atlan.PurposeDataPolicy{
			Type: atlanassets.AuthPolicyTypeDataMask, Mask: atlanassets.DataMaskingTypeMaskRedact, PurposeMembers: atlan.PurposeMembers{AllUsers: true}}))(t)
		read := must(atlan.NewPurposePolicy("read", purpose.Ref(), atlan.PurposeMetadataPolicy{
			Type: atlanassets.AuthPolicyTypeAllow, Actions: []atlanassets.PurposeMetadataAction{atlanassets.PurposeMetadataActionEntityRead},
			PurposeMembers: atlan.PurposeMembers{Users: []string{f.UserName()}}}))(t)
		must(client.Save(ctx, mask, read))(t)
		must(client.Purposes().Update(ctx, purpose.QualifiedName(), func(a *atlan.Asset[atlanassets.Purpose]) error {
			a.Attributes.PurposeClassifications.Set([]string{pii, secret})
			return nil
		}))(t)
		if got := must(client.Purposes().Get(ctx, purpose.QualifiedName()))(t); !slices.Equal(must(client.Purposes().TagNames(ctx, got))(t), []string{"PII", "Secret"}) {
			t.Errorf("%+v", got.Attributes.PurposeClassifications)
		}
		policies := must(client.Purposes().Policies(ctx, purpose.QualifiedName()))(t)
		if len(policies) != 2 {
			t.Fatalf("%d policies", len(policies))
		}
		for _, policy := range policies {
			a := policy.Attributes
			if got := a.PolicyResources.Or(nil); !slices.Equal(got, []string{"tag:" + pii, "tag:" + secret}) {
				t.Errorf("%q", got)
			}
			if policy.Name() == "mask" && (a.PolicyMaskType.Or("") != string(atlanassets.DataMaskingTypeMaskRedact) || a.PolicyType.Or("") != atlanassets.AuthPolicyTypeDataMask || !slices.Equal(a.PolicyGroups.Or(nil), []string{"public"})) {
				t.Errorf("%+v", a)
			}
			policy.Attributes.Description.Set("x")
			must(client.Save(ctx, policy))(t)
		}
	})
}

// A policy whose save got no answer is found by its parent and its name, beside others of the name, and never sent twice.
func TestT7LostPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		ctx, client := t.Context(), clientOf(t, f)
		_, connection := f.AddConnection("snowflake", "C")
		persona, other := must(atlan.NewPersona("P"))(t), must(atlan.NewPersona("Q"))(t)
		f.AddTag("PII")
		purpose := must(atlan.NewPurpose("R", "PII"))(t)
		must(client.Save(ctx, persona, other, purpose))(t)
		inPersona := func(of atlanassets.Ref) *atlan.Asset[atlanassets.AuthPolicy] {
			return must(atlan.NewPersonaPolicy("same", of, atlan.PersonaMetadataPolicy{Type: atlanassets.AuthPolicyTypeAllow, Actions: readAssets(), Connection: connection, Assets: []string{connection}}))(t)
		}
		inPurpose := func() *atlan.Asset[atlanassets.AuthPolicy] {
			return must(atlan.NewPurposePolicy("same", purpose.Ref(), atlan.PurposeDataPolicy{Type: atlanassets.AuthPolicyTypeAllow, PurposeMembers: atlan.PurposeMembers{AllUsers: true}}))(t)
		}
		must(client.Save(ctx, inPersona(other.Ref()), inPurpose()))(t) // others of the name
		pass(time.Minute)
		for i, policy := range []*atlan.Asset[atlanassets.AuthPolicy]{inPersona(persona.Ref()), inPurpose()} {
			f.Fault(atlantest.ResetAfterBody("bulkSaveEntities").Times(1))
			report := must(client.Save(ctx, policy))(t)
			if r := report.Items[0]; r.Outcome != atlan.Created || !r.Recovered || r.QualifiedName == "" || f.CountAssets("AuthPolicy") != 3+i {
				t.Errorf("%+v, %d policies", report, f.CountAssets("AuthPolicy"))
			}
			if got, _ := f.Asset(policy.GUID); got.QualifiedName != policy.QualifiedName() || len(got.Relationships["accessControl"]) != 1 {
				t.Errorf("%+v", got)
			}
		}
		mine := must(client.Personas().Policies(ctx, persona.QualifiedName()))(t)
		if len(mine) != 1 || len(must(client.Purposes().Policies(ctx, purpose.QualifiedName()))(t)) != 2 {
			t.Errorf("%d policies", len(mine))
		}
		// Nothing arrived, and nothing is sent again.
		f.Fault(atlantest.ResetBefore("bulkSaveEntities").Times(1))
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		_, err := client.Save(ctx, inPurpose())
		var ambiguous *atlan.AmbiguousSaveError
		if !errors.As(err, &ambiguous) || len(ambiguous.Candidates) != 0 || f.CountAssets("AuthPolicy") != 4 {
			t.Errorf("%v", err)
		}
	})
}
