package atlan

import (
	"context"
	"encoding/json"
	"time"

	"github.com/sluice-sdk/sluice/gen/atlanassets"
)

// setOrClear writes a text, or takes it away when there is none.
func setOrClear(v view, name, text string) error {
	if text == "" {
		clearAttributes(v, name)
		return nil
	}
	return v.SetAttribute(name, text)
}

// clearAttributes takes attributes away that are there.
func clearAttributes(v view, names ...string) {
	for _, name := range names {
		if value, ok := v.Attribute(name); ok && !isNull(value) {
			v.ClearAttribute(name)
		}
	}
}

// Certificate is the certificate of an asset.
type Certificate struct {
	// Status is VERIFIED, DRAFT or DEPRECATED; new ones may come.
	Status atlanassets.CertificateStatus
	// Message says more, for people. It may be empty.
	Message string
	// UpdatedAt and UpdatedBy say when and by whom it was set; the server fills them.
	UpdatedAt time.Time
	UpdatedBy string
}

// Certificate returns the certificate of the asset, and whether it has one.
func (e *Entity) Certificate() (Certificate, bool) { return certificateOf(e.view()) }

// Certificate returns the certificate of the asset, and whether it has one.
func (a *Asset[T]) Certificate() (Certificate, bool) { return certificateOf(a.view()) }

func certificateOf(v view) (Certificate, bool) {
	status := textOf(v.Attribute("certificateStatus"))
	if status == "" {
		return Certificate{}, false
	}
	return Certificate{
		Status: atlanassets.CertificateStatus(status), Message: textOf(v.Attribute("certificateStatusMessage")),
		UpdatedAt: momentOf(v.Attribute("certificateUpdatedAt")), UpdatedBy: textOf(v.Attribute("certificateUpdatedBy")),
	}, true
}

// momentOf reads a time in milliseconds, the zero time for anything else.
func momentOf(value json.RawMessage, ok bool) time.Time {
	var ms int64
	if !ok || json.Unmarshal(value, &ms) != nil || ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Certify gives the asset a certificate. An empty message takes the message away. When the asset has that certificate
// already, nothing is sent. An empty status is an error of category [ErrInvalidRequest].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) Certify(ctx context.Context, status atlanassets.CertificateStatus, message string) (SaveResult, error) {
	return h.handle.certify(ctx, status, message)
}

func (h *handle) certify(ctx context.Context, status atlanassets.CertificateStatus, message string) (SaveResult, error) {
	if err := checkName("status", string(status)); err != nil {
		return SaveResult{}, about(h.typeName, h.label(), err)
	}
	return h.edit(ctx, SaveOptions{}, func(v view) error {
		if err := v.SetAttribute("certificateStatus", status); err != nil {
			return err
		}
		return setOrClear(v, "certificateStatusMessage", message)
	})
}

// RemoveCertificate takes the certificate away. When there is none, nothing is sent.
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation GET /api/meta/entity/guid/{guid}
//sluice:operation POST /api/meta/entity/bulk
func (h *Handle[T]) RemoveCertificate(ctx context.Context) (SaveResult, error) {
	return h.handle.clear(ctx, "certificateStatus", "certificateStatusMessage")
}

// clear takes attributes of the asset away that are there.
func (h *handle) clear(ctx context.Context, names ...string) (SaveResult, error) {
	return h.edit(ctx, SaveOptions{}, func(v view) error {
		clearAttributes(v, names...)
		return nil
	})
}

// Certify gives an asset a certificate. See [Handle.Certify].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/bulk
func (s Collection[T]) Certify(ctx context.Context, qualifiedName string, status atlanassets.CertificateStatus, message string) (SaveResult, error) {
	return s.Handle(qualifiedName).Certify(ctx, status, message)
}

// RemoveCertificate takes the certificate of an asset away. See [Handle.RemoveCertificate].
//
//sluice:operation GET /api/meta/entity/uniqueAttribute/type/{typeName}
//sluice:operation POST /api/meta/entity/bulk
func (s Collection[T]) RemoveCertificate(ctx context.Context, qualifiedName string) (SaveResult, error) {
	return s.Handle(qualifiedName).RemoveCertificate(ctx)
}
