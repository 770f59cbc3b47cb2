package airbytetest

import (
	"strconv"
	"strings"
)

// mask is what the service answers for a secret.
const mask = "**********"

// secretNames are the properties that connector specifications mark as secrets, for the built-in definitions and
// what custom ones usually have. The fake has no specifications, so it goes by the name.
var secretNames = map[string]bool{
	"password": true, "passphrase": true, "private_key": true, "private_key_password": true, "client_secret": true,
	"client_key": true, "client_key_password": true, "credentials_json": true, "api_key": true, "apikey": true,
	"access_token": true, "refresh_token": true, "personal_access_token": true, "token": true, "secret": true,
	"secret_key": true, "secret_access_key": true, "access_key_id": true, "hmac_key_secret": true,
	"hmac_key_access_id": true, "motherduck_api_key": true, "ssh_key": true, "tunnel_user_password": true,
	"service_account_json": true, "service_account_info": true, "sas_token": true, "shared_key": true,
}

func isSecret(name string) bool {
	name = strings.ToLower(name)
	return secretNames[name] || strings.HasSuffix(name, "_password") || strings.HasSuffix(name, "_secret") ||
		strings.HasSuffix(name, "_api_key") || strings.HasSuffix(name, "_token")
}

// mapSecrets returns a copy in which every secret that is a string was replaced.
func mapSecrets(m map[string]any, replace func(path, value string) string) map[string]any {
	return mapSecretsAt("", m, replace)
}

func mapSecretsAt(path string, m map[string]any, replace func(path, value string) string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		at := path + "/" + k
		if s, ok := v.(string); ok && isSecret(k) {
			out[k] = replace(at, s)
			continue
		}
		out[k] = mapSecretsIn(at, v, replace)
	}
	return out
}

func mapSecretsIn(path string, v any, replace func(path, value string) string) any {
	switch v := v.(type) {
	case map[string]any:
		return mapSecretsAt(path, v, replace)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = mapSecretsIn(path+"/"+strconv.Itoa(i), v[i], replace)
		}
		return out
	}
	return v
}

// shown is a configuration as the API answers it.
func (f *Fake) shown(c *connector, coordinates bool) map[string]any {
	if coordinates {
		return mapSecrets(c.configuration, func(path, _ string) string {
			return "secret_coordinate::airbyte_workspace_" + c.workspace.id + "_secret_" + c.id + strings.ReplaceAll(path, "/", "_") + "_v1"
		})
	}
	if !f.has(MaskedSecrets) {
		return copyTree(c.configuration)
	}
	return mapSecrets(c.configuration, func(string, string) string { return mask })
}

// restored is a configuration that was sent, with the stored secrets where it has the mask.
func restored(sent, stored map[string]any) map[string]any {
	secrets := make(map[string]string)
	mapSecrets(stored, func(path, value string) string {
		secrets[path] = value
		return value
	})
	return mapSecrets(sent, func(path, value string) string {
		if old, ok := secrets[path]; ok && value == mask {
			return old
		}
		return value
	})
}

// merged lays one configuration over another, recursively. Keys that the new one does not have stay, also those
// that belong to another choice of a oneOf.
func merged(stored, sent map[string]any) map[string]any {
	out := copyTree(stored)
	for k, v := range sent {
		if over, ok := v.(map[string]any); ok {
			if under, ok := out[k].(map[string]any); ok {
				out[k] = merged(under, over)
				continue
			}
		}
		out[k] = copyValue(v)
	}
	return out
}
