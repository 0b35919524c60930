#!/usr/bin/env bash
# Everything that a change must pass beside the tests: formatting, vet, tidy modules, lint, known
# vulnerabilities, and that both engines' migrations make the same schema.
#
#   scripts/check.sh [quick]      quick: formatting, vet and tidy modules alone, which need no tool but go
#
# All of it runs even when one part fails; the exit status says whether all passed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools=$PWD/.tools/bin
failed=()

# part NAME COMMAND…
part() {
	local name=$1
	shift
	echo "== $name"
	"$@" || failed+=("$name")
}

# go_files prints the module's Go files, without what lies in hidden or fetched directories.
go_files() {
	find . -name '*.go' -not -path '*/.*/*' -not -path '*/node_modules/*'
}

# formatted FORMATTER: no file differs from what the formatter would write.
formatted() {
	local differing
	differing=$(go_files | xargs "$1" -l)
	[ -z "$differing" ] || { printf 'not formatted, `make fmt` does it: %s\n' $differing >&2 && return 1; }
}

# twin_check compares the schemas; a test that was renamed away must not look like one that passed.
twin_check() {
	local output
	output=$(scripts/with-services.sh go test -count=1 -v -run 'Twin' ./migrations/... ./internal/sqlstore/... 2>&1) ||
		{ echo "$output" >&2 && return 1; }
	grep -q -- '--- PASS: .*Twin' <<<"$output" || { echo "no test named …Twin… ran" >&2 && return 1; }
}

# vulnerabilities: the database is asked over the network. Where it cannot be reached nothing is known, which only
# CI=true takes for a failure.
vulnerabilities() {
	local output status=0
	output=$("$tools/govulncheck" ./... 2>&1) || status=$?
	echo "$output"
	if [ "$status" = 1 ] && [ "${CI:-}" != true ] && grep -q 'fetching vulnerabilities' <<<"$output"; then
		echo "check: LEFT OUT: known vulnerabilities, since their database cannot be reached" >&2
		return 0
	fi
	return "$status"
}

part gofmt formatted gofmt
part vet go vet ./...
part tidy go mod tidy -diff
if [ "${1:-}" != quick ]; then
	scripts/install-tools.sh
	part gofumpt formatted "$tools/gofumpt"
	part lint "$tools/golangci-lint" run ./...
	part vulnerabilities vulnerabilities
	part 'twin migrations' twin_check
fi

if [ ${#failed[@]} -gt 0 ]; then
	printf 'check: %s failed\n' "${failed[@]}" >&2
	exit 1
fi
echo "check: passed"
