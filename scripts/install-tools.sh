#!/usr/bin/env bash
# Builds the tools that tools/go.mod pins into .tools/bin: some minutes the first time, a second later.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export GOBIN=$PWD/.tools/bin CGO_ENABLED=0
exec go -C tools install -trimpath tool
