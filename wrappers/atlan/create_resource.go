package atlan

import (
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// NewLink returns a new link of an asset to a web page. When the reference has a qualifiedName the link's is that, a slash
// and the title: the asset has one link of a title, and saving it again changes its URL. Otherwise the link gets a random
// qualifiedName, chosen here, so that repeating one save does not make two. Errors: an empty title or URL, a reference
// that names nothing.
func NewLink(asset atlanassets.Ref, title, url string) (*Asset[atlanassets.Link], error) {
	if err := required("title", title, "url", url); err != nil {
		return nil, err
	}
	if asset.GUID == "" && (asset.TypeName == "" || asset.QualifiedName == "") {
		return nil, apierr.Invalid(service, "asset", "the reference has neither a guid nor a type and a qualifiedName")
	}
	a := NewAsset[atlanassets.Link]()
	qualifiedName := randomUUID()
	if asset.QualifiedName != "" {
		qualifiedName = asset.QualifiedName + "/" + title
	}
	a.Attributes.Name.Set(title)
	a.Attributes.QualifiedName.Set(qualifiedName)
	a.Attributes.Link.Set(url)
	a.Attributes.AssetRelationship.Set(asset)
	return a, nil
}

// NewReadme returns the README of an asset, which must have a guid: guid/readme. Saving it again replaces the text, which
// is HTML. AssetName is the name of the asset. Errors: an empty name or text, a reference without the guid of a saved
// asset.
func NewReadme(asset atlanassets.Ref, assetName, content string) (*Asset[atlanassets.Readme], error) {
	if err := required("assetName", assetName, "content", content); err != nil {
		return nil, err
	}
	if err := checkGUID(asset.GUID); err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.Readme]()
	a.Attributes.Name.Set(assetName + " Readme")
	a.Attributes.QualifiedName.Set(asset.GUID + "/readme")
	a.Attributes.Description.Set(percentEncoded(content))
	a.Attributes.AssetRelationship.Set(asset)
	return a, nil
}

// ReadmeText returns the text of a README as it was written: Atlan stores it percent-encoded. It does no I/O.
func ReadmeText(readme *Asset[atlanassets.Readme]) string {
	return percentDecoded(readme.Attributes.Description.Or(""))
}

// percentEncoded is a text as READMEs are stored: everything but letters, digits, _, ., -, ~ and / as %XX (urllib's quote,
// which pyatlan uses).
func percentEncoded(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("_.-~/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// percentDecoded is the reverse of percentEncoded. What is not an escape stays as it is.
func percentDecoded(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high, low := unhex(s[i+1]), unhex(s[i+2])
			if high >= 0 && low >= 0 {
				b.WriteByte(byte(high<<4 | low))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// NewBadge returns a new badge, which shows an attribute of custom metadata on assets that have it:
// badges/global/set.attribute. SetID and attributeID are the hashed ids, not the names that people see: the client's
// custom metadata translates them. Errors: an empty argument, no conditions.
func NewBadge(name, setID, attributeID string, conditions ...atlanassets.BadgeCondition) (*Asset[atlanassets.Badge], error) {
	if err := required(attributeName, name, "setID", setID, "attributeID", attributeID); err != nil {
		return nil, err
	}
	if len(conditions) == 0 {
		return nil, apierr.Invalid(service, "conditions", "a badge needs at least one condition")
	}
	a := NewAsset[atlanassets.Badge]()
	a.Attributes.Name.Set(name)
	a.Attributes.QualifiedName.Set("badges/global/" + setID + "." + attributeID)
	a.Attributes.BadgeMetadataAttribute.Set(setID + "." + attributeID)
	a.Attributes.BadgeConditions.Set(conditions)
	return a, nil
}

// NewFile returns a new file: connection/name. Errors: an empty name or kind, a connection without three segments.
func NewFile(name, connectionQualifiedName string, kind atlanassets.FileType) (*Asset[atlanassets.File], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err == nil {
		err = checkName("kind", string(kind))
	}
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.File]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	a.Attributes.FileType.Set(kind)
	return a, nil
}

// randomUUID returns a random UUID of version 4.
func randomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
