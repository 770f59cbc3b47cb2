package airbyte

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/sluice-sdk/sluice/gen/airbyteapi"
)

func jwt(payload string) string {
	return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".sig"
}

func TestS2TokenExpiry(t *testing.T) {
	asked := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, tt := range map[string]struct {
		token     string
		expiresIn int64
		want      time.Time
	}{
		"expires_in":          {jwt(`{"exp":1}`), 900, asked.Add(15 * time.Minute)},
		"jwt":                 {jwt(`{"exp":1767323645}`), 0, time.Unix(1767323645, 0)},
		"jwt with a fraction": {jwt(`{"exp":1767323645.5}`), 0, time.Unix(1767323645, 0)},
		"opaque":              {"opaque", 0, asked.Add(150 * time.Second)},
		"no claim":            {jwt(`{}`), 0, asked.Add(150 * time.Second)},
		"not JSON":            {jwt(`nonsense`), 0, asked.Add(150 * time.Second)},
		"not base64":          {"a.*.c", 0, asked.Add(150 * time.Second)},
		"text claim":          {jwt(`{"exp":"soon"}`), 0, asked.Add(150 * time.Second)},
		"negative":            {jwt(`{"exp":-5}`), -3, asked.Add(150 * time.Second)},
		"overflow":            {"opaque", 1 << 62, asked.Add(150 * time.Second)},
		"far":                 {jwt(`{"exp":1e300}`), 0, asked.Add(150 * time.Second)},
	} {
		got := tokenExpiry(&airbyteapi.PublicAccessTokenResponse{AccessToken: tt.token, ExpiresIn: tt.expiresIn}, asked)
		if !got.Equal(tt.want) {
			t.Errorf("%s: expires %v, want %v", name, got, tt.want)
		}
	}
}
