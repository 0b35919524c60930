# Starts and stops a PostgreSQL and a Redis of our own. Sourced by with-services.sh after install.sh.
# shellcheck shell=bash

services_dir=
services_user=
postgres_pid=
redis_pid=
secret=

# start_services makes the directory, the password and the user, then starts what is there.
start_services() {
	services_dir=$(mktemp -d "${TMPDIR:-/tmp}/drawbridge-services.XXXXXX")
	chmod 711 "$services_dir"
	secret=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
	if [ "$(id -u)" = 0 ]; then
		choose_user
	fi
	start_postgres
	start_redis
}

# choose_user: initdb refuses root, and a test's database needs no privilege.
choose_user() {
	if ! command -v setpriv >/dev/null; then
		say "running as root needs setpriv (Debian: util-linux)"
		exit 1
	fi
	services_user=nobody
	if id postgres >/dev/null 2>&1; then
		services_user=postgres
	fi
}

# as_user COMMAND… replaces this subshell by the command, as the unprivileged user, with SIGINT to come when
# this script dies without having been able to clean up.
as_user() {
	local options=()
	if [ -n "$services_user" ]; then
		options=(--reuid "$services_user" --regid "$(id -g "$services_user")" --clear-groups)
	fi
	if command -v setpriv >/dev/null; then
		exec setpriv "${options[@]}" --pdeathsig INT -- "$@"
	fi
	exec "$@"
}

# private_dir NAME makes a directory for the user alone and prints it.
private_dir() {
	local dir=$services_dir/$1
	mkdir -m 700 "$dir"
	if [ -n "$services_user" ]; then
		chown "$services_user" "$dir"
	fi
	echo "$dir"
}

# random_port prints a port below the range from which systems take the ports of clients.
random_port() { echo $((20000 + RANDOM % 10000)); }

alive() { kill -0 "$1" 2>/dev/null; }

# wait_for PID CONDITION…: polls for at most 30 s; fails early when the process has ended.
wait_for() {
	local pid=$1 i
	shift
	for ((i = 0; i < 600; i++)); do
		"$@" && return 0
		alive "$pid" || return 1
		sleep 0.05
	done
	return 1
}

start_postgres() {
	local bin dir
	if ! bin=$(find_postgres); then
		leave_out postgres "tests on PostgreSQL need its server (Debian: postgresql)"
		return 0
	fi
	dir=$(private_dir postgres)
	make_cluster "$bin" "$dir"
	try_ports serve_postgres "$bin" "$dir" || fail_with "PostgreSQL did not start" "$dir/log"
	export DRAWBRIDGE_TEST_POSTGRES_URL="postgres://drawbridge:$secret@127.0.0.1:$port/postgres?sslmode=disable"
	say "$("$bin/postgres" --version) on 127.0.0.1:$port"
}

# make_cluster: the text order is a language's where the server can do it, not that of bytes, so that a column
# which forgot its collation is found.
make_cluster() {
	local bin=$1 dir=$2 linguistic=()
	if "$bin/initdb" --help | grep -q -- --icu-locale; then
		linguistic=(--locale-provider=icu --icu-locale=en-US)
	fi
	(umask 077 && printf '%s' "$secret" >"$dir/password")
	if [ -n "$services_user" ]; then
		chown "$services_user" "$dir/password"
	fi
	(cd "$dir" && as_user "$bin/initdb" --pgdata="$dir/data" --username=drawbridge --pwfile="$dir/password" \
		--auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 "${linguistic[@]}" --no-sync) \
		>"$dir/log" 2>&1 || fail_with "initdb failed" "$dir/log"
}

# serve_postgres starts the server on $port. Nothing in it is worth a flush to the disk.
serve_postgres() {
	local bin=$1 dir=$2
	(cd "$dir" && as_user "$bin/postgres" -D "$dir/data" -c listen_addresses=127.0.0.1 -c port="$port" \
		-c unix_socket_directories= -c max_connections=300 -c fsync=off -c full_page_writes=off) \
		>"$dir/log" 2>&1 &
	postgres_pid=$!
	wait_for "$postgres_pid" postgres_ready "$dir/data/postmaster.pid"
}

# postgres_ready reads the state that the server writes as the eighth line of its pid file.
postgres_ready() { [ "$(sed -n '8s/ *$//p' "$1" 2>/dev/null)" = ready ]; }

start_redis() {
	local dir
	if ! have_redis; then
		leave_out redis "tests with Redis need its server (Debian: redis-server)"
		return 0
	fi
	dir=$(private_dir redis)
	try_ports serve_redis "$dir" || fail_with "Redis did not start" "$dir/log"
	export DRAWBRIDGE_TEST_REDIS_URL="redis://default:$secret@127.0.0.1:$port/0"
	say "$(redis-server --version | cut -d' ' -f1-3) on 127.0.0.1:$port"
}

# serve_redis starts the server on $port. The password goes in by standard input, where no list of processes shows it.
serve_redis() {
	local dir=$1
	(cd "$dir" && as_user redis-server - --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$dir") \
		<<<"requirepass $secret" >"$dir/log" 2>&1 &
	redis_pid=$!
	wait_for "$redis_pid" grep -qs 'Ready to accept connections' "$dir/log"
}

# try_ports COMMAND…: calls it with another $port until one is free.
try_ports() {
	local i
	for ((i = 0; i < 10; i++)); do
		port=$(random_port)
		"$@" && return 0
	done
	return 1
}

# fail_with SENTENCE LOG
fail_with() {
	say "$1:"
	tail -n 20 "$2" >&2 || true
	exit 1
}

# stop_process PID asks with SIGINT (for PostgreSQL: a fast shutdown), and after 10 s no longer asks.
stop_process() {
	local i
	kill -INT "$1" 2>/dev/null || return 0
	for ((i = 0; i < 200; i++)); do
		alive "$1" || return 0
		sleep 0.05
	done
	kill -KILL "$1" 2>/dev/null || true
}

# stop_group PID stops what is left of the process group that PID leads.
stop_group() {
	local i
	kill -TERM -- "-$1" 2>/dev/null || return 0
	for ((i = 0; i < 200; i++)); do
		kill -0 -- "-$1" 2>/dev/null || return 0
		sleep 0.05
	done
	kill -KILL -- "-$1" 2>/dev/null || true
}

stop_services() {
	if [ -n "$redis_pid" ]; then
		stop_process "$redis_pid"
	fi
	if [ -n "$postgres_pid" ]; then
		stop_process "$postgres_pid"
	fi
	if [ -n "$services_dir" ]; then
		rm -rf "$services_dir"
	fi
}
