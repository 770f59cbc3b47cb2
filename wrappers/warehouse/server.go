package warehouse

// server is how to reach a destination, without its secrets.
type server struct {
	host, user string
	port       int

	tunnel string // tunnel_method, "" or NO_TUNNEL for none

	sslMode           string // ssl_mode.mode, or from ssl
	caCertificate     string // PEM, when the API showed it
	clientCertificate string

	role, warehouse string // Snowflake
	keyPair         bool   // Snowflake: key pair rather than password
	certificateHost string // SQL Server: hostNameInCertificate
	location        string // BigQuery
	httpPath        string // Databricks
	clientID        string // Databricks OAuth
	protocol        string // ClickHouse: http or https
	path            string // DuckDB, MotherDuck
}

// newServer picks the connection settings out of a configuration, by the keys
// of the connectors' specifications. Secret fields are not read.
func newServer(kind Kind, c *fields) *server {
	s := &server{host: c.text("host"), user: c.text("username")}
	switch kind {
	case Snowflake:
		s.role, s.warehouse = c.text("role"), c.text("warehouse")
		credentials := c.object("credentials")
		// Without auth_type, the key that is there decides, as in the connector.
		switch credentials.text("auth_type") {
		case "Key Pair Authentication":
			s.keyPair = true
		case "":
			_, s.keyPair = credentials.values["private_key"]
		}
		c.adopt(credentials)
	case BigQuery:
		s.location = c.text("dataset_location")
	case Databricks:
		s.host = c.text("hostname")
		s.httpPath = c.text("http_path")
		s.port = c.port(443)
		authentication := c.object("authentication")
		if authentication.text("auth_type") == "OAUTH" {
			s.clientID = authentication.text("client_id")
		}
		c.adopt(authentication)
	case ClickHouse:
		if s.host == "" {
			s.host = c.text("hostname") // the pre-release connector's key
		}
		s.port = c.port(8443)
		s.protocol = c.text("protocol")
	case DuckDB, MotherDuck:
		s.path = c.text("destination_path")
	case MSSQL:
		s.user = c.text("user")
		s.port = c.port(1433)
		method := c.object("ssl_method")
		s.sslMode = method.text("name")
		if s.sslMode == "" {
			s.sslMode = method.text("ssl_method")
		}
		s.certificateHost = method.text("hostNameInCertificate")
		c.adopt(method)
	case MySQL:
		s.port = c.port(3306)
		// The connector asks for TLS, without checking certificates, unless
		// ssl is off.
		s.sslMode = "skip-verify"
		if c.values["ssl"] != nil && !c.boolean("ssl") {
			s.sslMode = "false"
		}
	default: // Postgres, Redshift
		s.port = c.port(5432)
		if kind == Redshift && c.values["port"] == nil {
			s.port = 5439
		}
		mode := c.object("ssl_mode")
		s.sslMode = mode.text("mode")
		s.caCertificate = mode.text("ca_certificate")
		s.clientCertificate = mode.text("client_certificate")
		c.adopt(mode)
		switch {
		case s.sslMode != "":
		case kind == Redshift || c.boolean("ssl"): // Redshift's connector always asks for TLS
			s.sslMode = "require"
		case c.values["ssl"] != nil:
			s.sslMode = "disable"
		}
	}
	tunnel := c.object("tunnel_method")
	s.tunnel = tunnel.text("tunnel_method")
	c.adopt(tunnel)
	return s
}
