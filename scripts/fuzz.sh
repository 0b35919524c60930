#!/usr/bin/env bash
# Runs every fuzz target of the module, one after the other, each for FUZZTIME (30s unless told).
#
#   scripts/fuzz.sh [PACKAGE…]      ./... unless told
#
# What a target finds is kept by go in the package's testdata/fuzz; commit it, it is the regression test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fuzz_time=${FUZZTIME:-30s}
[ $# -gt 0 ] || set -- ./...

# Listing compiles the tests, so only packages whose source names a target are asked.
packages_with_targets() {
	go list -f '{{$dir := .Dir}}{{$path := .ImportPath}}{{range .TestGoFiles}}{{$path}} {{$dir}}/{{.}}
{{end}}{{range .XTestGoFiles}}{{$path}} {{$dir}}/{{.}}
{{end}}' "$@" | while read -r package file; do
		if [ -n "$package" ] && grep -q '^func Fuzz' "$file"; then
			echo "$package"
		fi
	done | sort -u
}

packages=$(packages_with_targets "$@")
count=0
failed=()
for package in $packages; do
	targets=$(go test -list '^Fuzz' "$package" | grep '^Fuzz')
	for target in $targets; do
		count=$((count + 1))
		echo "== $package $target for $fuzz_time"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$fuzz_time" "$package" || failed+=("$package.$target")
	done
done
if [ "$count" = 0 ]; then
	echo "fuzz: no target found" >&2
	exit 1
fi
if [ ${#failed[@]} -gt 0 ]; then
	printf 'fuzz: %s failed\n' "${failed[@]}" >&2
	exit 1
fi
echo "fuzz: $count targets held"
