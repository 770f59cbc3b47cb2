module github.com/sluice-sdk/sluice/wrappers/atlan/tests/proxies

go 1.26.0

replace github.com/sluice-sdk/sluice => ../../../..

require (
	github.com/elazarl/goproxy v1.9.2
	github.com/sluice-sdk/sluice v0.0.0
	github.com/things-go/go-socks5 v0.0.5
	go.uber.org/goleak v1.3.0
)

require (
	github.com/apapsch/go-jsonmerge/v2 v2.0.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/oapi-codegen/runtime v1.8.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
