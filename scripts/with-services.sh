#!/usr/bin/env bash
# Runs a command beside the services that the tests need, and stops them again whatever happens.
#
#   scripts/with-services.sh [--gcc] COMMAND [ARGUMENT…]
#
# It finds PostgreSQL, Redis, Node and Chromium, or installs them (apt-get, as root or with password-less sudo, on
# Debian and Ubuntu), starts a fresh PostgreSQL and a fresh Redis on loopback ports as an unprivileged user,
# and gives the command
#
#   DRAWBRIDGE_TEST_POSTGRES_URL       a superuser's URL of the maintenance database
#   DRAWBRIDGE_TEST_REDIS_URL          a Redis that nobody else uses
#   DRAWBRIDGE_TEST_OIDC_PROVIDER_DIR  tools/oidc-provider with its packages installed
#   DRAWBRIDGE_TEST_CHROMIUM           a Chromium's program
#   DRAWBRIDGE_TEST_AXE                axe-core's script, of tools/axe with its packages installed
#   DRAWBRIDGE_TEST_LEFT_OUT           what could not be had: some of "postgres redis oidc-provider chromium axe"
#
# What is neither there nor installable is named and left out; with CI=true that is a failure. --gcc demands a
# C compiler as well, for the race detector. The exit status is the command's.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
# shellcheck source=scripts/install.sh
. "$here/install.sh"
# shellcheck source=scripts/services.sh
. "$here/services.sh"

want_gcc=false
if [ "${1:-}" = --gcc ]; then
	want_gcc=true
	shift
fi
if [ $# -eq 0 ]; then
	echo "usage: scripts/with-services.sh [--gcc] COMMAND [ARGUMENT…]" >&2
	exit 2
fi

# The command runs in a process group of its own, so that a signal reaches all that it started.
command_pid=
on_exit() {
	local status=$?
	trap '' INT TERM HUP
	if [ -n "$command_pid" ]; then
		stop_group "$command_pid"
	fi
	stop_services
	exit "$status"
}
trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

run() {
	local status=0
	set -m
	"$@" </dev/null &
	command_pid=$!
	set +m
	wait "$command_pid" || status=$?
	return "$status"
}

install_missing "$want_gcc"
start_services
report_left_out

status=0
run "$@" || status=$?
report_left_out
exit "$status"
