package warehouse

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// What the drivers' own parsers make of the results is tested in the module
// driverstest; here is what does not need a driver.

func configured(t *testing.T, kind Kind, extra map[string]any) Destination {
	t.Helper()
	c := map[string]any{
		"host": "db.example.com", "port": 5555, "database": "D b", "schema": "s", "username": "u@x", "user": "u@x", "password": mask,
		"hostname": "dbx.example.com", "http_path": "/sql/1.0/warehouses/abc", "destination_path": "/local/x.duckdb",
		"role": "R", "warehouse": "W", "protocol": "https", "project_id": "p", "dataset_id": "ds", "dataset_location": "EU",
	}
	if kind == MotherDuck {
		c["destination_path"] = "md:x"
	}
	maps.Copy(c, extra)
	d, err := NewDestination(Definition{Type: string(kind)}, c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDSNHidesTheSecret(t *testing.T) {
	const secret = "hunter2/secret"
	for _, info := range kinds {
		if info.kind == BigQuery || info.kind == DuckDB {
			continue
		}
		dsn, err := configured(t, info.kind, nil).DSN(secret)
		if err != nil {
			t.Errorf("%s: %v", info.kind, err)
			continue
		}
		if !strings.Contains(dsn.Reveal(), "hunter2") {
			t.Errorf("%s: %s", info.kind, dsn.Reveal())
		}
		encoded, err := json.Marshal(map[string]any{"dsn": dsn})
		if err != nil {
			t.Error(err)
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("connecting", slog.Any("dsn", dsn))
		hidden := struct{ dsn DSN }{dsn}
		texts := []string{dsn.String(), string(encoded), log.String()}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			texts = append(texts, fmt.Sprintf(verb, dsn), fmt.Sprintf(verb, &dsn), fmt.Sprintf(verb, hidden))
		}
		for _, text := range texts {
			if strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
				t.Errorf("%s: secret in %s", info.kind, text)
			}
		}
		if !strings.Contains(dsn.String(), redaction) {
			t.Errorf("%s: %s", info.kind, dsn)
		}
	}
}

func TestDSNErrors(t *testing.T) {
	const secret = "hunter2-secret"
	tunnel := map[string]any{"tunnel_method": map[string]any{"tunnel_method": "SSH_KEY_AUTH", "ssh_key": mask}}
	tests := []struct {
		name    string
		dest    Destination
		secret  string
		options []DSNOption
		is      error
		says    string
	}{
		{"by hand", Destination{Kind: Postgres}, secret, nil, ErrInput, "NewDestination"},
		{"masked", configured(t, Postgres, nil), mask, nil, ErrInput, "mask"},
		{"masked key", configured(t, Postgres, map[string]any{"ssl_mode": map[string]any{"mode": "verify-full"}}), secret, []DSNOption{ClientCertificate("x", mask)}, ErrInput, "mask"},
		{"tunnel", configured(t, Postgres, tunnel), secret, nil, ErrUnsupported, "SSH_KEY_AUTH"},
		{"tunnel of clickhouse", configured(t, ClickHouse, tunnel), secret, nil, ErrUnsupported, "tunnel"},
		{"bigquery", configured(t, BigQuery, nil), secret, nil, ErrUnsupported, "Destination.BigQuery"},
		{"no host", configured(t, Postgres, map[string]any{"host": ""}), secret, nil, ErrInput, "host"},
		{"strange host", configured(t, Postgres, map[string]any{"host": "a@b/c"}), secret, nil, ErrInput, "host"},
		{"no user", configured(t, Redshift, map[string]any{"username": ""}), secret, nil, ErrInput, "username"},
		{"ssl mode", configured(t, Postgres, map[string]any{"ssl_mode": map[string]any{"mode": "very"}}), secret, nil, ErrInput, "ssl_mode"},
		{"no path", configured(t, Databricks, map[string]any{"http_path": ""}), secret, nil, ErrInput, "http_path"},
		{"snowflake without secret", configured(t, Snowflake, nil), "", nil, ErrInput, "secret"},
		{"databricks without secret", configured(t, Databricks, nil), "", nil, ErrInput, "secret"},
		{"motherduck without secret", configured(t, MotherDuck, nil), "", nil, ErrInput, "secret"},
		{"duckdb with secret", configured(t, DuckDB, nil), secret, nil, ErrInput, "secret"},
		{"duckdb outside", configured(t, DuckDB, map[string]any{"destination_path": "../x"}), "", nil, ErrInput, "/local"},
		{"key that is no key", configured(t, Snowflake, map[string]any{"credentials": map[string]any{"auth_type": "Key Pair Authentication"}}), secret, nil, ErrInput, "PEM"},
		{"mysql user", configured(t, MySQL, map[string]any{"username": "a:b"}), secret, nil, ErrInput, "username"},
		{"clickhouse protocol", configured(t, ClickHouse, map[string]any{"protocol": "ftp"}), secret, nil, ErrInput, "protocol"},
		{"sql server method", configured(t, MSSQL, map[string]any{"ssl_method": map[string]any{"name": "x"}}), secret, nil, ErrInput, "ssl_method"},
		{"certificate without TLS", configured(t, Postgres, nil), secret, []DSNOption{ClientCertificate("a", "b")}, ErrInput, "TLS"},
		{"authority that is not asked", configured(t, Postgres, map[string]any{"ssl_mode": map[string]any{"mode": "require"}}), secret, []DSNOption{CACertificate("a")}, ErrInput, "does not check"},
		{"authority that is none", configured(t, Postgres, map[string]any{"ssl_mode": map[string]any{"mode": "verify-ca"}}), secret, []DSNOption{CACertificate("a")}, ErrInput, "PEM"},
		{"certificate without key", configured(t, Postgres, map[string]any{"ssl_mode": map[string]any{"mode": "verify-ca"}}), secret, []DSNOption{ClientCertificate("a", "")}, ErrInput, "private key"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.dest.DSN(test.secret, test.options...)
			if !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v, want %v saying %q", err, test.is, test.says)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("secret in %v", err)
			}
		})
	}
}

func TestEncryptedKeyIsRefused(t *testing.T) {
	d := configured(t, Snowflake, map[string]any{"credentials": map[string]any{"auth_type": "Key Pair Authentication"}})
	text := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})
	if _, err := d.DSN(string(text)); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "openssl") {
		t.Errorf("%v", err)
	}
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(elliptical)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.DSN(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "RSA") {
		t.Errorf("%v", err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.DSN(string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))); err != nil {
		t.Errorf("PKCS #1: %v", err)
	}
}

func TestDSNThroughATunnel(t *testing.T) {
	d := configured(t, Postgres, map[string]any{"tunnel_method": map[string]any{"tunnel_method": "SSH_PASSWORD_AUTH"}})
	reached := ""
	dsn, err := d.DSN("x", Through(func(_ context.Context, _, address string) (net.Conn, error) {
		reached = address
		return nil, net.ErrClosed
	}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dsn.Dial(t.Context(), "tcp", "db.example.com:5555"); !errors.Is(err, net.ErrClosed) || reached != "db.example.com:5555" {
		t.Error(reached, err)
	}
	if hosts, err := dsn.Lookup(t.Context(), "db.example.com"); err != nil || len(hosts) != 1 || hosts[0] != "db.example.com" {
		t.Error(hosts, err)
	}
	open := configured(t, Postgres, map[string]any{"tunnel_method": map[string]any{"tunnel_method": "NO_TUNNEL"}})
	if _, err := open.DSN("x"); err != nil {
		t.Error(err)
	}
}

func TestBigQuery(t *testing.T) {
	got, err := configured(t, BigQuery, nil).BigQuery()
	if err != nil || got != (BigQueryOptions{Project: "p", Dataset: "ds", Location: "EU"}) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := configured(t, Postgres, nil).BigQuery(); !errors.Is(err, ErrInput) {
		t.Errorf("%v", err)
	}
}

func TestFilePath(t *testing.T) {
	for given, want := range map[string]string{
		"/local/a.duckdb": "/local/a.duckdb", "a.duckdb": "/local/a.duckdb", "/local/x/../a.duckdb": "/local/a.duckdb",
		"/etc/a.duckdb": "", "../a.duckdb": "", "/local/../a": "", "": "", "/local": "",
	} {
		got, err := configured(t, DuckDB, map[string]any{"destination_path": given}).FilePath()
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", given, got, err, want)
		}
	}
}

// authority makes a certificate authority and a certificate of a host.
func authority(t *testing.T, host string) (ca string, leaf tls.Certificate) {
	t.Helper()
	newCertificate := func(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if signer == nil {
			signer = key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
		if err != nil {
			t.Fatal(err)
		}
		return der, key
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	rootDER, rootKey := newCertificate(root, root, nil)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{host}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	leafDER, leafKey := newCertificate(template, root, rootKey)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER})),
		tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: leafKey}
}

// TestTLS shakes hands with servers that have the right certificate, one for
// another name, and one of another authority.
func TestTLS(t *testing.T) {
	ca, right := authority(t, "db.example.com")
	_, otherAuthority := authority(t, "db.example.com")
	keyDER, err := x509.MarshalPKCS8PrivateKey(right.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: right.Certificate[0]}))
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))

	tests := []struct {
		mode, host string
		server     tls.Certificate
		accepted   bool
	}{
		{"verify-full", "db.example.com", right, true},
		{"verify-full", "other.example.com", right, false},
		{"verify-full", "db.example.com", otherAuthority, false},
		{"verify-ca", "db.example.com", right, true},
		{"verify-ca", "other.example.com", right, true},
		{"verify-ca", "db.example.com", otherAuthority, false},
		{"require", "other.example.com", otherAuthority, true},
	}
	for _, test := range tests {
		d := configured(t, Postgres, map[string]any{"host": test.host, "ssl_mode": map[string]any{"mode": test.mode, "ca_certificate": ca, "client_certificate": certificate, "client_key": mask}})
		dsn, err := d.DSN("x", ClientCertificate("", key))
		if err != nil {
			t.Fatal(err)
		}
		if dsn.TLS == nil {
			t.Fatal("no TLS configuration")
		}
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan int, 1)
		go func() {
			far, err := listener.Accept()
			if err != nil {
				served <- 0
				return
			}
			defer far.Close()
			server := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{test.server}, ClientAuth: tls.RequireAnyClientCert})
			if server.HandshakeContext(t.Context()) == nil {
				served <- len(server.ConnectionState().PeerCertificates)
				_, _ = server.Write([]byte("."))
				return
			}
			served <- 0
		}()
		near, err := new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		client := tls.Client(near, dsn.TLS)
		err = client.HandshakeContext(t.Context())
		if err == nil {
			_, err = client.Read(make([]byte, 1))
		}
		near.Close()
		listener.Close()
		clients := <-served
		if (err == nil) != test.accepted || err == nil && clients != 1 {
			t.Errorf("%s to %s: %v, %d client certificates", test.mode, test.host, err, clients)
		}
	}

	// Nothing to carry: the URL says it all.
	for _, mode := range []string{"disable", "prefer", "require", "verify-ca", "verify-full"} {
		dsn, err := configured(t, Postgres, map[string]any{"ssl_mode": map[string]any{"mode": mode}}).DSN("x")
		if err != nil || dsn.TLS != nil || !strings.Contains(dsn.Reveal(), "sslmode="+mode) {
			t.Errorf("%s: %v %v", mode, dsn, err)
		}
	}
	// A masked authority is not taken for a certificate.
	dsn, err := configured(t, Postgres, map[string]any{"ssl_mode": map[string]any{"mode": "verify-ca", "ca_certificate": mask}}).DSN("x", CACertificate(ca))
	if err != nil || dsn.TLS == nil {
		t.Error(dsn, err)
	}
}
