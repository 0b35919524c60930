# The product is one static binary without cgo. Only the race detector needs a C compiler.
export CGO_ENABLED ?= 0

# Arguments for `make demo`, for example ARGS='--listen 127.0.0.1:9000'.
ARGS ?=
# Packages and further flags for `make test` and `make bench`, for example PACKAGES=./scim/... TESTFLAGS='-run Filter -v'.
PACKAGES ?= ./...
TESTFLAGS ?=
# How long each fuzz target runs.
export FUZZTIME ?= 30s

# The store and the protocols: where requests meet. Of the service's tests those in which something happens at once;
# RACE_SERVICE=. runs all of them, which takes more than half an hour on two cores.
RACE_SERVICE ?= Parallel|AtOnce|Beside|Concurren|Process|Race|Revocation|LockOut
RACE_PACKAGES ?= ./scim/... ./oidc/... ./internal/sqlstore/... ./internal/ephemeral/... \
	./internal/egress/... ./internal/web/...

SERVICES := scripts/with-services.sh

.DEFAULT_GOAL := help
.PHONY: help demo build test browser race check fmt fuzz bench clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## run the bridge with a sample workspace and a simulated Okta; needs Go alone
	go run ./cmd/drawbridge demo $(ARGS)

build: ## build bin/drawbridge
	go build -trimpath -o bin/drawbridge ./cmd/drawbridge

test: ## run all tests on both engines; installs or finds PostgreSQL, Redis, Node and Chromium
	$(SERVICES) go test -count=1 -timeout=15m $(TESTFLAGS) $(PACKAGES)

browser: ## run the browser tests on every page in every width and scheme; screenshots go to ./screenshots
	rm -rf screenshots
	DRAWBRIDGE_TEST_SCREENSHOTS=$(CURDIR)/screenshots $(SERVICES) go test -count=1 -timeout=15m -run Browser \
		$(TESTFLAGS) ./internal/chromium ./internal/apptest

race: ## run the store, service and protocol tests under the race detector
	CGO_ENABLED=1 $(SERVICES) --gcc go test -race -count=1 -timeout=15m $(TESTFLAGS) $(RACE_PACKAGES)
	CGO_ENABLED=1 $(SERVICES) --gcc go test -race -count=1 -timeout=15m -run '$(RACE_SERVICE)' ./provisioning/...

check: ## formatting, vet, tidy modules, lint, known vulnerabilities, twin migrations
	scripts/check.sh

fmt: ## format every Go file
	scripts/install-tools.sh
	.tools/bin/golangci-lint fmt ./...

fuzz: ## run each fuzz target for FUZZTIME
	scripts/fuzz.sh $(PACKAGES)

bench: ## run the benchmarks on both engines
	$(SERVICES) go test -run='^$$' -bench=. -benchmem -timeout=60m $(TESTFLAGS) $(PACKAGES)

clean: ## remove what the other targets made, the fetched tools included
	rm -rf bin .tools screenshots tools/oidc-provider/node_modules tools/axe/node_modules
