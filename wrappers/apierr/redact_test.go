package apierr

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSecretName(t *testing.T) {
	for name, want := range map[string]bool{
		"password": true, "Password": true, "client_secret": true, "clientSecret": true, "access_token": true,
		"X-Api-Key": true, "api_key": true, "apiKey": true, "private_key": true, "credentials_json": true, "key": true,
		"encryptionKey": true, "aws_secret_access_key": true, "Authorization": true, "Set-Cookie": true, "dsn": true,
		"connection_string": true, "passwd": true, "pwd": true, "passphrase": true, "sas_signature": true, "jwt": true,
		"": false, "name": false, "host": false, "primaryKey": false, "primary_key": false, "cursor_key": false,
		"partitionKey": false, "matchingKeys": false, "keyspace": false, "keyword": false, "message": false, "Content-Type": false,
		strings.Repeat("key", 100): false,
	} {
		if got := SecretName(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestText(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"", ""},
		{"no secret here", "no secret here"},
		{"Authorization: Bearer abc123def456", "Authorization: Bearer ***"},
		{"bearer  abc123def456.xyz", "bearer  ***"},
		{"Basic authentication failed", "Basic authentication failed"},
		{"Basic dXNlcjpwYXNzd29yZA==", "Basic ***"},
		{"aBearer abc123def456", "aBearer abc123def456"},
		{"postgres://me:hunter2@db.example/x", "postgres://***@db.example/x"},
		{"https://me@example.com and https://x.example/a@b", "https://***@example.com and https://x.example/a@b"},
		{"://p@ss@host", "://***@host"},
		{"token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_def is bad", "token *** is bad"},
		{"eyJust a word", "eyJust a word"},
		{"key -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- end", "key *** end"},
		{"-----BEGIN PRIVATE KEY-----\nMIIE cut", "***"},
		{"-----BEGIN CERTIFICATE-----\nMIIE", "-----BEGIN CERTIFICATE-----\nMIIE"},
		{"password=hunter2&x=y", "password=***&x=y"},
		{"password = hunter2, ok", "password = ***, ok"},
		{"wrong password: hunter2", "wrong password: ***"},
		{"invalid token: expected a string", "invalid token: expected a string"},
		{"invalid token: abc123def", "invalid token: ***"},
		{`{"password":"hun \" ter2","a":1}`, `{"password":"***","a":1}`},
		{`{\"client_secret\":\"hunter2\",\"a\":1}`, `{\"client_secret\":\"***\",\"a\":1}`},
		{`password='it is' next`, `password='***' next`},
		{`api_key="never closed`, `api_key="***`},
		{"primary_key: id1, cursor=updated_at1", "primary_key: id1, cursor=updated_at1"},
		{"X-Api-Key: abc123", "X-Api-Key: ***"},
		{"password=", "password="},
		{"a==b token==null", "a==b token=***"},
		{":=:=", ":=:="},
	} {
		r := &Redactor{}
		if got := r.Text(test.in); got != test.want {
			t.Errorf("%q\n got %q\nwant %q", test.in, got, test.want)
		}
	}
}

func TestKnown(t *testing.T) {
	r := &Redactor{}
	r.Add("hunter2hunter2", "pin4", "x", "a+b/c d&\"é")
	r.AddForm(url.Values{"client_secret": {"form-secret-1"}, "name": {"visible-name"}})
	r.AddJSON([]byte(`{"name":"visible","password":"json-secret-1","port":5432,"pin_token":123456,
		"configuration":{"host":"config-host","tls":true,"list":["config-item",{"deep":"config-deep"}],"n":98765,"none":null,"short":"abc"},
		"after":"visible-too","esc\u0061ped_p\u0061ssword":"esc-secret-1"}`))
	in := `hunter2hunter2 pin4 pin45 xpin4 x form-secret-1 visible-name json-secret-1 visible 5432 123456 config-host
		config-item config-deep 98765 abc visible-too esc-secret-1 a+b/c d&"é a%2Bb%2Fc+d%26%22%C3%A9 a+b\/c a+b/c d\u0026\"é true null`
	got := r.Text(in)
	for _, gone := range []string{
		"hunter2", " pin4 ", "form-secret", "json-secret", "123456", "config-host", "config-item", "config-deep", "98765",
		"esc-secret", "c d", "%2B", `d\u0026`,
	} {
		if strings.Contains(got, gone) {
			t.Errorf("%q is still in %s", gone, got)
		}
	}
	for _, kept := range []string{"pin45", "xpin4", " x ", "visible-name", "visible ", "5432", "abc", "visible-too", "true", "null"} {
		if !strings.Contains(got, kept) {
			t.Errorf("%q is gone from %s", kept, got)
		}
	}
	long := &Redactor{}
	key := "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7\n-----END KEY-----\n"
	long.Add(key)
	for _, form := range []string{key, fmt.Sprintf("%q", key), strings.Join(strings.Fields(key), " "), "line MIIEvQIBADANBgkqhkiG9w0BAQEFAASC alone"} {
		if got := long.Text(form); strings.Contains(got, "MIIE") {
			t.Errorf("%q", got)
		}
	}
}

func TestBody(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{``, ``},
		{`{"a":"b"}`, `{"a":"b"}`},
		{`{"message":"x", "password" : "hunter2" , "n":1}`, `{"message":"x", "password" : "***" , "n":1}`},
		{`{"token":12345,"token2":null,"token3":true,"token4":""}`, `{"token":"***","token2":null,"token3":true,"token4":""}`},
		{`{"configuration":{"a":["b",{"c":"d"}],"e":1.5e3},"f":"g"}`, `{"configuration":{"a":["***",{"c":"***"}],"e":"***"},"f":"g"}`},
		{`{"connectionConfiguration":{"a":"b"}}`, `{"connectionConfiguration":{"a":"***"}}`},
		{`{"configurations":{"streams":[{"name":"users"}]}}`, `{"configurations":{"streams":[{"name":"users"}]}}`},
		{`[{"secret":{"a":{"b":["c"]}}},"d"]`, `[{"secret":{"a":{"b":["***"]}}},"d"]`},
		{`{"password":"never closed`, `{"password":"***"`},
		{`{"configuration":{"a":"b","c":`, `{"configuration":{"a":"***","c":`},
		{`]]}} {"password":"x1"}`, `]]}} {"password":"***"}`},
		{`{"primaryKey":[["id"]]}`, `{"primaryKey":[["id"]]}`},
		{`plain text, password=hunter2`, `plain text, password=***`},
	} {
		r := &Redactor{}
		if got := string(r.Body([]byte(test.in))); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.in, got, test.want)
		}
	}
}

// TestBodyCut: the cut at 64 KiB leaves no beginning of a secret behind.
func TestBodyCut(t *testing.T) {
	const secret = "a-long-secret-value-1"
	for n := 1; n < len(secret); n++ {
		r := &Redactor{}
		r.Add(secret)
		got := string(r.Body([]byte(strings.Repeat(".", maxBody-n) + secret + "tail")))
		if len(got) > maxBody || n >= minLearned && strings.Contains(got, secret[:minLearned]) {
			t.Errorf("cut after %d: …%s", n, got[len(got)-30:])
		}
	}
}

// TestRedactorProperty: a value planted under a secret-looking key is nowhere in what comes out, in any spelling.
func TestRedactorProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		secret := "Zq" + rapid.StringOfN(rapid.RuneFrom([]rune("abcXYZ019 /+=&<>\"'\\%é\n\t.-_:;{}[],")), 8, 40, -1).Draw(rt, "secret") + "7W"
		key := rapid.SampledFrom([]string{"password", "clientSecret", "api_key", "configuration", "credentials"}).Draw(rt, "key")
		document, _ := json.Marshal(map[string]any{"name": "visible", key: map[string]any{"x": []string{secret}}})
		r := &Redactor{}
		r.AddJSON(document)
		quoted, _ := json.Marshal(secret)
		for _, text := range []string{secret, string(quoted), url.QueryEscape(secret), url.PathEscape(secret), fmt.Sprintf("%q", secret), string(document)} {
			before := rapid.SampledFrom([]string{"", "x ", "the value '", `{"message":"`}).Draw(rt, "before")
			out := r.Text(before+text) + string(r.Body([]byte(before+text)))
			if strings.Contains(out, text) && text != string(document) || strings.Contains(out, secret) {
				rt.Fatalf("%q is in %q", text, out)
			}
		}
	})
}

func FuzzRedactor(f *testing.F) {
	f.Add(`{"password":"hunter2hunter2","configuration":{"a":[1,"b"]}}`, `wrong password hunter2hunter2: https://a:b@c -----BEGIN PRIVATE KEY-----`)
	f.Add(`{"token":`, `token: \"x\" = 'y`)
	f.Add(``, `Bearer abcdef123456 eyJabc.def`)
	f.Fuzz(func(t *testing.T, document, text string) {
		r := &Redactor{}
		r.AddJSON([]byte(document))
		r.Add("planted-secret-1")
		once := r.Text(text + "planted-secret-1")
		if strings.Contains(once, "planted-secret-1") {
			t.Fatalf("%q", once)
		}
		body := r.Body([]byte(text))
		if len(body) > maxBody || strings.Contains(string(body), "planted-secret-1") {
			t.Fatalf("%q", body)
		}
		e := &Error{Message: text, Fields: []FieldError{{Message: text}}}
		e.Redact(r)
		if len(e.Message) > maxMessage || strings.ContainsAny(e.Error(), "\r\n") {
			t.Fatalf("%q", e.Error())
		}
	})
}

func BenchmarkRedactBody(b *testing.B) {
	row := `{"id":1,"name":"` + strings.Repeat("x", 300) + `","password":"hunter2","url":"https://a:b@c/"},`
	body := []byte("[" + strings.Repeat(row, maxBody/len(row)) + "{}]")
	r := &Redactor{}
	r.Add("some-secret-1", "some-secret-2")
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		r.Body(body)
	}
}
