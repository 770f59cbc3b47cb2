package driverstest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"maps"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	_ "github.com/databricks/databricks-sql-go"
	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/microsoft/go-mssqldb/msdsn"
	"github.com/snowflakedb/gosnowflake"

	"github.com/sluice-sdk/sluice/wrappers/warehouse"
)

const mask = "**********"

// secrets are passwords with everything that has a meaning in some data source
// name.
var secrets = []string{
	"simple",
	`p@ss:w/rd?&=#%+ ;'"\{}[]()<>|^~` + "`" + `!$*,.`,
	"%2F%25+%",
	"пароль 🔑 ä",
	"a@tcp(evil:1)/b?c=d",
	"@", "/", ":", "?", "#", "%", " leading and trailing ",
}

func destination(t *testing.T, kind string, configuration map[string]any) warehouse.Destination {
	t.Helper()
	d, err := warehouse.NewDestination(warehouse.Definition{Type: kind}, configuration)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// each builds the name with every secret, checks that it is redacted, and that
// the driver's parser does not mind.
func each(t *testing.T, d warehouse.Destination, driver string, check func(t *testing.T, dsn, secret string)) {
	t.Helper()
	for _, secret := range secrets {
		t.Run(secret, func(t *testing.T) {
			dsn, err := d.DSN(secret)
			if err != nil {
				t.Fatal(err)
			}
			if dsn.Driver != driver {
				t.Errorf("driver %q, want %q", dsn.Driver, driver)
			}
			check(t, dsn.Reveal(), secret)
			check(t, dsn.String(), "REDACTED") // the redacted form is well formed, too
		})
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestPostgres(t *testing.T) {
	for _, kind := range []string{"postgres", "redshift"} {
		d := destination(t, kind, map[string]any{"host": "db.example.com", "port": 6543, "database": "my db/1", "schema": "s", "username": "us:er@x", "password": mask,
			"ssl_mode": map[string]any{"mode": "verify-full"}})
		each(t, d, "pgx", func(t *testing.T, dsn, secret string) {
			t.Helper()
			c, err := pgx.ParseConfig(dsn)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "host", c.Host, "db.example.com")
			equal(t, "port", c.Port, uint16(6543))
			equal(t, "database", c.Database, "my db/1")
			equal(t, "user", c.User, "us:er@x")
			equal(t, "password", c.Password, secret)
			if c.TLSConfig == nil || c.TLSConfig.ServerName != "db.example.com" || c.TLSConfig.InsecureSkipVerify || len(c.Fallbacks) != 0 {
				t.Errorf("verify-full is not honoured: %+v, %d fallbacks", c.TLSConfig, len(c.Fallbacks))
			}
		})
	}
}

func TestPostgresModes(t *testing.T) {
	tests := []struct {
		configuration map[string]any
		kind          string
		tls, plain    bool // what is tried
		verified      bool
	}{
		{map[string]any{"ssl_mode": map[string]any{"mode": "disable"}}, "postgres", false, true, false},
		{map[string]any{"ssl_mode": map[string]any{"mode": "allow"}}, "postgres", true, true, false},
		{map[string]any{"ssl_mode": map[string]any{"mode": "prefer"}}, "postgres", true, true, false},
		{map[string]any{"ssl_mode": map[string]any{"mode": "require"}}, "postgres", true, false, false},
		{map[string]any{"ssl_mode": map[string]any{"mode": "verify-ca"}}, "postgres", true, false, true},
		{map[string]any{"ssl_mode": map[string]any{"mode": "verify-full"}}, "postgres", true, false, true},
		{map[string]any{"ssl": true}, "postgres", true, false, false},
		{map[string]any{"ssl": false}, "postgres", false, true, false},
		{nil, "redshift", true, false, false},
	}
	t.Setenv("PGSSLMODE", "")
	t.Setenv("HOME", t.TempDir()) // no certificates of the person who runs this
	for _, test := range tests {
		configuration := map[string]any{"host": "::1", "database": "d", "username": "u"}
		maps.Copy(configuration, test.configuration)
		dsn, err := destination(t, test.kind, configuration).DSN("")
		if err != nil {
			t.Fatal(err)
		}
		c, err := pgx.ParseConfig(dsn.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "host", c.Host, "::1")
		overTLS, plain, verified := c.TLSConfig != nil, c.TLSConfig == nil, c.TLSConfig != nil && (!c.TLSConfig.InsecureSkipVerify || c.TLSConfig.VerifyPeerCertificate != nil)
		for _, f := range c.Fallbacks {
			overTLS, plain = overTLS || f.TLSConfig != nil, plain || f.TLSConfig == nil
		}
		if overTLS != test.tls || plain != test.plain || verified != test.verified {
			t.Errorf("%v: TLS %v, plain %v, verified %v", test.configuration, overTLS, plain, verified)
		}
	}
}

// TestPostgresConnects uses the name on a server, with a role that has one of
// the passwords, and with the dialer of the documentation.
func TestPostgresConnects(t *testing.T) {
	given := postgresURL(t)
	c, err := pgx.ParseConfig(given)
	if err != nil {
		t.Fatal(err)
	}
	dials := 0
	dest := destination(t, "postgres", map[string]any{"host": c.Host, "port": int(c.Port), "database": c.Database, "username": c.User,
		"ssl_mode": map[string]any{"mode": "prefer"}, "tunnel_method": map[string]any{"tunnel_method": "SSH_KEY_AUTH"}})
	dsn, err := dest.DSN(c.Password, warehouse.Through(func(ctx context.Context, network, address string) (net.Conn, error) {
		dials++
		return c.DialFunc(ctx, network, address)
	}))
	if err != nil {
		t.Fatal(err)
	}
	config, err := pgx.ParseConfig(dsn.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	config.DialFunc, config.LookupFunc = dsn.Dial, dsn.Lookup
	db := stdlib.OpenDB(*config)
	defer db.Close()
	var one int
	if err := db.QueryRowContext(t.Context(), "SELECT 1").Scan(&one); err != nil || one != 1 {
		t.Fatal(one, err)
	}
	if dials == 0 {
		t.Error("the dialer was not used")
	}
}

func TestSnowflake(t *testing.T) {
	configuration := map[string]any{"host": "acme-eu1.snowflakecomputing.com", "role": "R+1 %", "warehouse": "W H", "database": "My DB", "schema": "s", "username": "u@x:y",
		"credentials": map[string]any{"auth_type": "Username and Password", "password": mask}}
	each(t, destination(t, "snowflake", configuration), "snowflake", func(t *testing.T, dsn, secret string) {
		t.Helper()
		if strings.TrimSpace(secret) == "" {
			return
		}
		c, err := gosnowflake.ParseDSN(dsn)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "account", c.Account, "acme-eu1")
		equal(t, "host", c.Host, "acme-eu1.snowflakecomputing.com")
		equal(t, "port", c.Port, 443)
		equal(t, "protocol", c.Protocol, "https")
		equal(t, "role", c.Role, "R+1 %")
		equal(t, "warehouse", c.Warehouse, "W H")
		equal(t, "database", c.Database, "My DB")
		equal(t, "schema", c.Schema, "")
		equal(t, "user", c.User, "u@x:y")
		equal(t, "password", c.Password, secret)
	})

	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	configuration["credentials"] = map[string]any{"auth_type": "Key Pair Authentication", "private_key": mask}
	configuration["host"] = "acme.us-east-2.aws.snowflakecomputing.com"
	delete(configuration, "database")
	dsn, err := destination(t, "snowflake", configuration).DSN(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	if err != nil {
		t.Fatal(err)
	}
	c, err := gosnowflake.ParseDSN(dsn.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "authenticator", c.Authenticator, gosnowflake.AuthTypeJwt)
	equal(t, "account", c.Account, "acme")
	equal(t, "host", c.Host, "acme.us-east-2.aws.snowflakecomputing.com")
	if c.PrivateKey == nil || !c.PrivateKey.Equal(key) {
		t.Error("the private key did not arrive")
	}
}

func TestDatabricks(t *testing.T) {
	configuration := map[string]any{"hostname": "dbc-1.cloud.databricks.com", "http_path": "/sql/1.0/warehouses/abc", "port": "443", "database": "my catalog", "schema": "s",
		"authentication": map[string]any{"auth_type": "BASIC", "personal_access_token": mask}}
	each(t, destination(t, "databricks", configuration), "databricks", func(t *testing.T, dsn, secret string) {
		t.Helper()
		parses(t, "databricks", dsn)
		// The driver keeps what it parsed to itself; it parses as net/url does.
		u, err := url.Parse("https://" + dsn)
		if err != nil {
			t.Fatal(err)
		}
		password, _ := u.User.Password()
		equal(t, "user", u.User.Username(), "token")
		equal(t, "token", password, secret)
		equal(t, "host", u.Host, "dbc-1.cloud.databricks.com:443")
		equal(t, "path", u.Path, "/sql/1.0/warehouses/abc")
		equal(t, "catalog", u.Query().Get("catalog"), "my catalog")
	})
	configuration["authentication"] = map[string]any{"auth_type": "OAUTH", "client_id": "id", "secret": mask}
	each(t, destination(t, "databricks", configuration), "databricks", func(t *testing.T, dsn, secret string) {
		t.Helper()
		parses(t, "databricks", dsn)
		u, err := url.Parse("https://" + dsn)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "secret", u.Query().Get("clientSecret"), secret)
		equal(t, "client", u.Query().Get("clientID"), "id")
		equal(t, "type", u.Query().Get("authType"), "OauthM2M")
	})
}

// parses has a registered driver parse the name, which connects to nothing.
func parses(t *testing.T, driver, dsn string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func TestClickHouse(t *testing.T) {
	for _, protocol := range []string{"https", "http", ""} {
		configuration := map[string]any{"host": "ch.example.com", "port": "8443", "database": "my db", "username": "u@x", "password": mask, "protocol": protocol}
		each(t, destination(t, "clickhouse", configuration), "clickhouse", func(t *testing.T, dsn, secret string) {
			t.Helper()
			o, err := clickhouse.ParseDSN(dsn)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "address", strings.Join(o.Addr, ","), "ch.example.com:8443")
			equal(t, "database", o.Auth.Database, "my db")
			equal(t, "user", o.Auth.Username, "u@x")
			equal(t, "password", o.Auth.Password, secret)
			equal(t, "protocol", o.Protocol, clickhouse.HTTP)
			if (o.TLS != nil) != (protocol != "http") || o.TLS != nil && o.TLS.InsecureSkipVerify {
				t.Errorf("TLS: %+v", o.TLS)
			}
		})
	}
}

func TestSQLServer(t *testing.T) {
	for method, want := range map[string]struct {
		encryption msdsn.Encryption
		skip       bool
	}{
		"unencrypted":                        {msdsn.EncryptionDisabled, false},
		"encrypted_trust_server_certificate": {msdsn.EncryptionRequired, true},
		"encrypted_verify_certificate":       {msdsn.EncryptionRequired, false},
		"":                                   {msdsn.EncryptionRequired, false},
	} {
		configuration := map[string]any{"host": "ms.example.com", "port": 1444, "database": "my db;x=y", "schema": "dbo", "user": "u;v@x", "password": mask}
		if method != "" {
			configuration["ssl_method"] = map[string]any{"name": method, "hostNameInCertificate": "cert.example.com"}
		}
		each(t, destination(t, "mssql", configuration), "sqlserver", func(t *testing.T, dsn, secret string) {
			t.Helper()
			c, err := msdsn.Parse(dsn)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "host", c.Host, "ms.example.com")
			equal(t, "port", c.Port, uint64(1444))
			equal(t, "database", c.Database, "my db;x=y")
			equal(t, "user", c.User, "u;v@x")
			equal(t, "password", c.Password, secret)
			equal(t, "encryption", c.Encryption, want.encryption)
			if c.TLSConfig != nil && c.TLSConfig.InsecureSkipVerify != want.skip {
				t.Errorf("%s: InsecureSkipVerify %v", method, c.TLSConfig.InsecureSkipVerify)
			}
			if method == "encrypted_verify_certificate" {
				equal(t, "certificate's host", c.TLSConfig.ServerName, "cert.example.com")
			}
		})
	}
}

func TestMySQL(t *testing.T) {
	for _, ssl := range []any{true, false, nil} {
		configuration := map[string]any{"host": "my.example.com", "database": "my db/1", "username": "u@x", "password": mask, "ssl": ssl}
		each(t, destination(t, "mysql", configuration), "mysql", func(t *testing.T, dsn, secret string) {
			t.Helper()
			c, err := mysql.ParseDSN(dsn)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "address", c.Addr, "my.example.com:3306")
			equal(t, "database", c.DBName, "my db/1")
			equal(t, "user", c.User, "u@x")
			equal(t, "password", c.Passwd, secret)
			equal(t, "times", c.ParseTime, true)
			equal(t, "TLS", c.TLSConfig, map[bool]string{true: "skip-verify", false: "false"}[ssl != false])
		})
	}
}
