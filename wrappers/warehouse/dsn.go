package warehouse

import (
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// DSN is how to connect to a destination with Go's usual driver for it. It
// holds the secret, and shows it only in [DSN.Reveal]: fmt, slog and
// encoding/json see [DSN.String].
//
//	dsn, err := dest.DSN(os.Getenv("WAREHOUSE_PASSWORD"))
//	if err != nil { … }
//	db, err := sql.Open(dsn.Driver, dsn.Reveal())
//
// With TLS or Dial set, that is not enough, and fails to connect rather than
// connect with less safety. For PostgreSQL:
//
//	config, err := pgx.ParseConfig(dsn.Reveal())
//	if err != nil { … }
//	if dsn.TLS != nil { config.TLSConfig = dsn.TLS }
//	if dsn.Dial != nil { config.DialFunc = dsn.Dial; config.LookupFunc = dsn.Lookup }
//	db := stdlib.OpenDB(*config)
type DSN struct {
	// Driver is the name under which the driver registers with database/sql:
	// pgx, snowflake, databricks, clickhouse, sqlserver, mysql or duckdb.
	Driver string
	// TLS is set when the configuration carries certificates, which no data
	// source name can.
	TLS *tls.Config
	// Dial is the dialer given with [Through].
	Dial Dialer

	// A function, because fmt prints a string in an unexported field of
	// somebody's struct without asking anyone.
	reveal   func() string
	redacted string
}

// Dialer opens a network connection, as (*net.Dialer).DialContext does. It is an
// alias, so that it can be assigned to any driver's field.
type Dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// Reveal returns the data source name, with the secret in it.
func (d DSN) Reveal() string {
	if d.reveal == nil {
		return ""
	}
	return d.reveal()
}

// String returns the data source name with a mask in place of the secret.
func (d DSN) String() string { return d.redacted }

// Format implements fmt.Formatter, so that no verb prints the secret.
func (d DSN) Format(f fmt.State, verb rune) { _, _ = io.WriteString(f, d.redacted) }

// LogValue implements slog.LogValuer.
func (d DSN) LogValue() slog.Value { return slog.StringValue(d.redacted) }

// MarshalJSON implements json.Marshaler.
func (d DSN) MarshalJSON() ([]byte, error) { return json.Marshal(d.redacted) }

// Lookup returns the host as it is: with a dialer that goes through a tunnel,
// the far end has to resolve the name. It has the form of pgx's LookupFunc.
func (d DSN) Lookup(_ context.Context, host string) ([]string, error) { return []string{host}, nil }

// DSNOption adds what a destination's configuration cannot say.
type DSNOption func(*dsnSettings)

type dsnSettings struct {
	dial        Dialer
	ca          string
	certificate string
	key         string
}

// Through gives a dialer, for destinations behind an SSH tunnel: the tunnel is
// the caller's, e.g. (*ssh.Client).DialContext of golang.org/x/crypto/ssh. It
// comes back in [DSN.Dial], to be put into the driver's configuration.
func Through(dial Dialer) DSNOption { return func(s *dsnSettings) { s.dial = dial } }

// CACertificate is the PEM of the authority that the server's certificate is
// checked against, when the configuration's is masked or another is wanted.
func CACertificate(pem string) DSNOption { return func(s *dsnSettings) { s.ca = pem } }

// ClientCertificate is the PEM of the client's certificate and its private key,
// which is a secret the API never shows.
func ClientCertificate(certificate, key string) DSNOption {
	return func(s *dsnSettings) { s.certificate, s.key = certificate, key }
}

// redaction stands for the secret in what is printed. Unlike Airbyte's mask it
// needs no escaping anywhere.
const redaction = "REDACTED"

// DSN puts the destination's connection settings and a secret together for the
// driver. The secret is the password (PostgreSQL, Redshift, ClickHouse, SQL
// Server, MySQL, Snowflake with a password), the private key in PEM (Snowflake
// with a key pair), the personal access token or OAuth client secret
// (Databricks), the MotherDuck token, or nothing (DuckDB). An empty one is
// accepted where the server may do without: PostgreSQL, ClickHouse, MySQL.
//
// The destination has to come from [NewDestination]. Its jdbc_url_params are
// for another kind of driver and are left out. It does no I/O. Each result was
// given to the driver's own parser in the project's tests; only PostgreSQL's
// and DuckDB's were connected with.
//
// Errors are [*InputError], among others for a secret that is Airbyte's mask,
// and [*UnsupportedError] for an SSH tunnel without [Through] and for BigQuery,
// see [Destination.BigQuery]. No error contains the secret.
func (d Destination) DSN(secret string, options ...DSNOption) (DSN, error) {
	if d.server == nil {
		return DSN{}, &InputError{Field: "destination", Reason: "has no connection settings: make it with NewDestination"}
	}
	settings := new(dsnSettings)
	for _, option := range options {
		if option != nil {
			option(settings)
		}
	}
	for _, given := range []string{secret, settings.ca, settings.certificate, settings.key} {
		if strings.TrimSpace(given) == mask {
			return DSN{}, &InputError{Field: "secret", Reason: "is the mask that Airbyte shows in place of secrets; the API never returns the secret itself, take it from where it is kept"}
		}
	}
	if t := d.server.tunnel; t != "" && t != "NO_TUNNEL" && settings.dial == nil {
		return DSN{}, &UnsupportedError{
			What: "connecting through the destination's SSH tunnel (tunnel_method " + strconv.Quote(t) + ")",
			Hint: "open the tunnel and give its dialer: warehouse.Through(sshClient.DialContext)",
		}
	}

	build, ok := map[Kind]func(*server, Destination, string) (string, error){
		Postgres:   postgresURL,
		Redshift:   postgresURL,
		Snowflake:  snowflakeDSN,
		Databricks: databricksDSN,
		ClickHouse: clickHouseURL,
		MSSQL:      sqlServerURL,
		MySQL:      mySQLDSN,
		DuckDB:     duckDBPath,
		MotherDuck: motherDuckPath,
	}[d.Kind]
	if !ok {
		return DSN{}, &UnsupportedError{
			What: "a data source name for " + string(d.Kind),
			Hint: "Google has no database/sql driver; give Destination.BigQuery's project, dataset and location to the one you use",
		}
	}
	if d.Kind != DuckDB && d.Kind != MotherDuck {
		if err := d.server.checkHost(); err != nil {
			return DSN{}, err
		}
	}
	dsn := DSN{Driver: driverNames[d.Kind], Dial: settings.dial}
	full, err := build(d.server, d, secret)
	if err != nil {
		return DSN{}, err
	}
	dsn.reveal = func() string { return full }
	dsn.redacted = full
	if secret != "" {
		if dsn.redacted, err = build(d.server.withoutKeyPair(), d, redaction); err != nil {
			return DSN{}, err
		}
	}
	if d.Kind == Postgres || d.Kind == Redshift {
		if dsn.TLS, err = d.server.tls(settings); err != nil {
			return DSN{}, err
		}
	}
	return dsn, nil
}

// driverNames is read-only.
var driverNames = map[Kind]string{
	Postgres: "pgx", Redshift: "pgx", Snowflake: "snowflake", Databricks: "databricks", ClickHouse: "clickhouse",
	MSSQL: "sqlserver", MySQL: "mysql", DuckDB: "duckdb", MotherDuck: "duckdb",
}

// BigQueryOptions is what BigQuery's Go clients ask for.
type BigQueryOptions struct {
	// Project is the id of the Google Cloud project, Dataset the one that streams without a namespace go to, and Location
	// where the datasets are, such as "EU". What the destination does not say is empty.
	Project, Dataset, Location string
}

// BigQuery returns a BigQuery destination's project, default dataset and
// location. Credentials are the caller's.
func (d Destination) BigQuery() (BigQueryOptions, error) {
	if d.Kind != BigQuery || d.server == nil {
		return BigQueryOptions{}, &InputError{Field: "destination", Reason: "is not a BigQuery destination made by NewDestination"}
	}
	if d.Database == "" {
		return BigQueryOptions{}, &InputError{Field: "configuration.project_id", Reason: "is empty"}
	}
	return BigQueryOptions{Project: d.Database, Dataset: d.Schema, Location: d.server.location}, nil
}

func (s *server) checkHost() error {
	if s.host == "" {
		return &InputError{Field: "configuration.host", Reason: "is empty"}
	}
	if strings.ContainsAny(s.host, "/@?#&=()% \t\r\n\\\"'") {
		return &InputError{Field: "configuration.host", Reason: "has characters that are not part of a host name"}
	}
	return nil
}

func (s *server) address() string {
	return net.JoinHostPort(strings.Trim(s.host, "[]"), strconv.Itoa(s.port))
}

func userinfo(user, password string) *url.Userinfo {
	if password == "" {
		return url.User(user)
	}
	return url.UserPassword(user, password)
}

// postgresURL is for pgx, which takes what libpq takes.
func postgresURL(s *server, d Destination, secret string) (string, error) {
	if s.user == "" {
		return "", &InputError{Field: "configuration.username", Reason: "is empty"}
	}
	u := url.URL{Scheme: "postgres", User: userinfo(s.user, secret), Host: s.address(), Path: "/" + d.Database}
	if s.sslMode != "" {
		if !slices.Contains([]string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}, s.sslMode) {
			return "", &InputError{Field: "configuration.ssl_mode.mode", Reason: "is " + strconv.Quote(s.sslMode) + ", want disable, allow, prefer, require, verify-ca or verify-full"}
		}
		u.RawQuery = url.Values{"sslmode": {s.sslMode}}.Encode()
	}
	return u.String(), nil
}

// tls builds what a URL cannot carry: certificates that are text, not files. It
// is nil when the URL says everything.
func (s *server) tls(settings *dsnSettings) (*tls.Config, error) {
	ca, certificate, key := s.caCertificate, s.clientCertificate, settings.key
	if settings.ca != "" {
		ca = settings.ca
	}
	if settings.certificate != "" {
		certificate = settings.certificate
	}
	verify := s.sslMode == "verify-ca" || s.sslMode == "verify-full"
	if !verify && settings.ca != "" {
		return nil, &InputError{Field: "CA certificate", Reason: "is given, but ssl_mode " + strconv.Quote(s.sslMode) + " does not check the server's certificate"}
	}
	if key == "" && settings.certificate != "" {
		return nil, &InputError{Field: "client certificate", Reason: "comes without its private key"}
	}
	if key == "" {
		certificate = "" // the API shows the certificate but never its key
	}
	if s.sslMode == "disable" || s.sslMode == "" {
		if key != "" {
			return nil, &InputError{Field: "client certificate", Reason: "is given, but the destination's ssl_mode does not use TLS"}
		}
		return nil, nil
	}
	if !verify {
		ca = ""
	}
	if ca == "" && certificate == "" {
		return nil, nil
	}
	config := &tls.Config{ServerName: strings.Trim(s.host, "[]"), MinVersion: tls.VersionTLS12}
	if ca != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(ca)) {
			return nil, &InputError{Field: "CA certificate", Reason: "is not a certificate in PEM"}
		}
	}
	if s.sslMode != "verify-full" {
		// Go checks name and chain together; what is wanted here is less.
		config.InsecureSkipVerify = true
	}
	if s.sslMode == "verify-ca" {
		roots := config.RootCAs
		config.VerifyConnection = func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 {
				return errors.New("warehouse: the server sent no certificate")
			}
			options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
			for _, c := range state.PeerCertificates[1:] {
				options.Intermediates.AddCert(c)
			}
			_, err := state.PeerCertificates[0].Verify(options)
			return err
		}
	}
	if certificate != "" {
		pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
		if err != nil {
			return nil, &InputError{Field: "client certificate", Reason: "and private key are not a pair in PEM, or the key is encrypted"}
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// snowflakeDSN is for gosnowflake. The schema is left out: this package names it
// in every query, and logging in fails while it does not exist.
func snowflakeDSN(s *server, d Destination, secret string) (string, error) {
	if s.user == "" {
		return "", &InputError{Field: "configuration.username", Reason: "is empty"}
	}
	if secret == "" {
		return "", &InputError{Field: "secret", Reason: "is empty"}
	}
	q := url.Values{}
	account, _, _ := strings.Cut(s.host, ".")
	q.Set("account", account)
	// gosnowflake takes the escapes off these two twice.
	if s.role != "" {
		q.Set("role", url.QueryEscape(s.role))
	}
	if s.warehouse != "" {
		q.Set("warehouse", url.QueryEscape(s.warehouse))
	}
	login := url.QueryEscape(s.user)
	if s.keyPair {
		key, err := privateKey(secret)
		if err != nil {
			return "", err
		}
		q.Set("authenticator", "SNOWFLAKE_JWT")
		q.Set("privateKey", key)
	} else {
		login += ":" + url.QueryEscape(secret)
	}
	dsn := login + "@" + s.host + ":443"
	if d.Database != "" {
		dsn += "/" + url.QueryEscape(d.Database)
	}
	return dsn + "?" + q.Encode(), nil
}

// withoutKeyPair is for the redacted form: the mask is no private key.
func (s *server) withoutKeyPair() *server {
	c := *s
	c.keyPair = false
	return &c
}

// privateKey turns a PEM key into what gosnowflake takes: PKCS #8, URL base64.
func privateKey(text string) (string, error) {
	const field = "private key"
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return "", &InputError{Field: field, Reason: "is not PEM"}
	}
	if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
		return "", &UnsupportedError{What: "an encrypted private key", Hint: "take its passphrase off: openssl pkcs8 -topk8 -nocrypt -in key.pem"}
	}
	var key any
	var err error
	if block.Type == "RSA PRIVATE KEY" {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	} else {
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return "", &InputError{Field: field, Reason: "cannot be parsed"} // the cause might quote the key
	}
	if _, ok := key.(*rsa.PrivateKey); !ok {
		return "", &InputError{Field: field, Reason: fmt.Sprintf("is a %T, Snowflake takes RSA", key)}
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", &InputError{Field: field, Reason: "cannot be encoded"}
	}
	return base64.URLEncoding.EncodeToString(der), nil
}

// databricksDSN is for databricks-sql-go.
func databricksDSN(s *server, d Destination, secret string) (string, error) {
	if secret == "" {
		return "", &InputError{Field: "secret", Reason: "is empty"}
	}
	if s.httpPath == "" {
		return "", &InputError{Field: "configuration.http_path", Reason: "is empty"}
	}
	q := url.Values{}
	if d.Database != "" {
		q.Set("catalog", d.Database)
	}
	u := url.URL{Scheme: "https", Host: s.address(), Path: path.Join("/", s.httpPath)}
	if s.clientID != "" {
		q.Set("authType", "OauthM2M")
		q.Set("clientID", s.clientID)
		q.Set("clientSecret", secret)
	} else {
		u.User = url.UserPassword("token", secret)
	}
	u.RawQuery = q.Encode()
	return strings.TrimPrefix(u.String(), "https://"), nil
}

// clickHouseURL is for clickhouse-go, over HTTP as the connector does.
func clickHouseURL(s *server, d Destination, secret string) (string, error) {
	u := url.URL{Scheme: s.protocol, Host: s.address(), Path: "/" + d.Schema}
	switch u.Scheme {
	case "":
		u.Scheme = "https"
	case "http", "https":
	default:
		return "", &InputError{Field: "configuration.protocol", Reason: "is " + strconv.Quote(s.protocol) + ", want http or https"}
	}
	if s.user != "" || secret != "" {
		u.User = userinfo(s.user, secret)
	}
	if u.Scheme == "https" {
		u.RawQuery = "secure=true"
	}
	return u.String(), nil
}

// sqlServerURL is for go-mssqldb.
func sqlServerURL(s *server, d Destination, secret string) (string, error) {
	if s.user == "" {
		return "", &InputError{Field: "configuration.user", Reason: "is empty"}
	}
	q := url.Values{}
	if d.Database != "" {
		q.Set("database", d.Database)
	}
	switch s.sslMode {
	case "unencrypted":
		q.Set("encrypt", "disable")
	case "encrypted_trust_server_certificate":
		q.Set("encrypt", "true")
		q.Set("TrustServerCertificate", "true")
	case "encrypted_verify_certificate", "":
		q.Set("encrypt", "true")
		q.Set("TrustServerCertificate", "false")
		if s.certificateHost != "" {
			q.Set("hostNameInCertificate", s.certificateHost)
		}
	default:
		return "", &InputError{Field: "configuration.ssl_method", Reason: "is " + strconv.Quote(s.sslMode) + ", which is not known"}
	}
	u := url.URL{Scheme: "sqlserver", User: userinfo(s.user, secret), Host: s.address(), RawQuery: q.Encode()}
	return u.String(), nil
}

// mySQLDSN is for go-sql-driver/mysql. A password is taken as it is, up to the
// last @ before the address.
func mySQLDSN(s *server, d Destination, secret string) (string, error) {
	if s.user == "" {
		return "", &InputError{Field: "configuration.username", Reason: "is empty"}
	}
	if strings.ContainsAny(s.user, ":/") {
		return "", &InputError{Field: "configuration.username", Reason: "has a : or a /, which the driver's data source names cannot carry"}
	}
	login := s.user
	if secret != "" {
		login += ":" + secret
	}
	q := url.Values{"parseTime": {"true"}, "tls": {s.sslMode}}
	return login + "@tcp(" + s.address() + ")/" + url.PathEscape(d.Schema) + "?" + q.Encode(), nil
}

// duckDBPath is for duckdb-go.
func duckDBPath(s *server, d Destination, secret string) (string, error) {
	if secret != "" {
		return "", &InputError{Field: "secret", Reason: "is given, but a DuckDB file has none"}
	}
	return d.FilePath()
}

// FilePath returns the path of a DuckDB destination's file as the connector
// resolves it, inside its container: below /local. The DuckDB module maps it to
// a folder of this machine.
func (d Destination) FilePath() (string, error) {
	if d.Kind != DuckDB || d.server == nil {
		return "", &InputError{Field: "destination", Reason: "is not a DuckDB destination made by NewDestination"}
	}
	if d.server.path == "" {
		return "", &InputError{Field: "configuration.destination_path", Reason: "is empty"}
	}
	file := d.server.path
	if !strings.HasPrefix(file, "/local") {
		if strings.HasPrefix(file, "/") {
			return "", &InputError{Field: "configuration.destination_path", Reason: strconv.Quote(file) + " does not start with /local, which the connector refuses"}
		}
		file = "/local/" + file
	}
	if file = path.Clean(file); !strings.HasPrefix(file, "/local/") {
		return "", &InputError{Field: "configuration.destination_path", Reason: strconv.Quote(d.server.path) + " leaves /local, which the connector refuses"}
	}
	return file, nil
}

// motherDuckPath is for duckdb-go with DuckDB's motherduck extension.
func motherDuckPath(s *server, d Destination, secret string) (string, error) {
	if secret == "" {
		return "", &InputError{Field: "secret", Reason: "is empty"}
	}
	return "md:" + d.Database + "?" + url.Values{"motherduck_token": {secret}}.Encode(), nil
}
