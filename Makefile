# Go and a C compiler are all these need; GNU make 3.81 and a POSIX sh will do. The work is in .ci/, one script per target.
.DEFAULT_GOAL := help
.PHONY: help demo test generate vendor changes api lint bench fuzz tidy-check

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The program runs in examples/, so a relative FILE is made absolute first.
demo: ## a sync of testdata/ (or FILE=my.csv) into DuckDB, with no account and no server
	@file=$$FILE; case $$file in '' | /*) ;; *) file=$$PWD/$$file ;; esac; \
		cd examples && exec go run ./quickstart $${file:+-file "$$file"}

test: ## every check but the linters: tests with -race, vet, generated code, go.mod files (TESTFLAGS='-run X')
	@.ci/postgres .ci/test

generate: ## write gen/ again from specs/
	go generate ./...

# A relative FROM is made absolute, because the program runs in tools/. What a CI system has in its environment as
# VERSION or SOURCE is not meant: these two count on the command line alone.
ifneq ($(origin VERSION),command line)
VERSION =
endif
ifneq ($(origin SOURCE),command line)
SOURCE =
endif
vendor: ## take over an upstream document: SERVICE=airbyte FROM=file-or-URL (SOURCE='…' VERSION=…)
	@from=$$FROM; case $$from in '' | /* | *://*) ;; *) from=$$PWD/$$from ;; esac; \
		GOWORK=off go -C tools run ./vendorspec -specs "$$PWD/specs" \
		-service "$$SERVICE" -from "$$from" -source "$$SOURCE" -version "$$VERSION"

changes: ## what specs/SERVICE/openapi.json means since BASE (HEAD), or from OLD to NEW (OUT=bin/changes-SERVICE.md)
	@.ci/changes

api: ## the exported Go API against the last release tag
	@.ci/api || [ $$? = 77 ]

lint: ## golangci-lint over every module (LINTFLAGS=--fix)
	@.ci/lint

bench: ## every benchmark, with allocations (BENCH=regexp COUNT=6)
	@.ci/bench

fuzz: ## every fuzz target for FUZZTIME (30s) each (FUZZ=regexp)
	@.ci/fuzz

tidy-check: ## would go mod tidy change anything?
	@.ci/test tidy

export SERVICE FROM SOURCE VERSION FILE BASE OLD NEW OUT TESTFLAGS LINTFLAGS BENCH COUNT BENCHFLAGS FUZZ FUZZTIME
