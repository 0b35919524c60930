# Finds or installs what the tests need. Sourced by with-services.sh, which sets $root.
# shellcheck shell=bash

# The first Node on which tools/oidc-provider runs, and the one that is fetched where the system's is older.
node_minimum=20.12.0
node_fetched=22.23.3
node_home=$root/.tools/node

# The first Chromium that knows all that our style sheet says: light-dark() is the newest of it.
chromium_minimum=123

left_out=()

say() { echo "with-services: $*" >&2; }

# leave_out NAME SENTENCE: the tests that need NAME cannot run, and the sentence says why.
leave_out() {
	say "$2"
	left_out+=("$1")
}

report_left_out() {
	DRAWBRIDGE_TEST_LEFT_OUT="${left_out[*]}"
	export DRAWBRIDGE_TEST_LEFT_OUT
	if [ ${#left_out[@]} -eq 0 ]; then
		return 0
	fi
	say "LEFT OUT, with every test that needs it: ${left_out[*]}"
	if [ "${CI:-}" = true ]; then
		say "with CI=true nothing may be left out"
		exit 1
	fi
}

# find_postgres prints the directory of the newest PostgreSQL's programs.
find_postgres() {
	local dir
	dir=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -t/ -k5 -V -r | head -n 1 || true)
	if [ -n "$dir" ] && [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then
		echo "$dir"
		return 0
	fi
	if command -v initdb >/dev/null && command -v postgres >/dev/null; then
		dirname "$(command -v initdb)"
		return 0
	fi
	return 1
}

have_redis() { command -v redis-server >/dev/null; }
have_npm() { command -v npm >/dev/null; }

# node_suits PROGRAM: it runs and is new enough.
node_suits() {
	local version
	version=$("$1" --version 2>/dev/null) || return 1
	printf '%s\n%s\n' "$node_minimum" "${version#v}" | sort -V -C
}

# find_chromium prints the path of a Chromium, or of a browser made of it, that runs and is new enough. Ubuntu's
# chromium-browser is a script that runs only where snap does.
find_chromium() {
	local name version
	for name in chromium chromium-browser google-chrome google-chrome-stable; do
		command -v "$name" >/dev/null || continue
		version=$("$name" --version 2>/dev/null | grep -o '[0-9]\+' | head -n 1) || continue
		if [ "$version" -ge "$chromium_minimum" ]; then
			command -v "$name"
			return 0
		fi
	done
	return 1
}

# as_root COMMAND…: runs it as root without asking for a password, or fails.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

may_install() {
	command -v apt-get >/dev/null && as_root true 2>/dev/null
}

# apt_install PACKAGE…: what apt-get says is shown only when it fails. A package that this system does not have keeps
# none of the others away.
apt_install() {
	local log package
	say "installing with apt-get (the system's own services that come with them are not used): $*"
	log=$(mktemp)
	# An update that fails for one source may still have brought what is needed.
	apt_get update >"$log" 2>&1 || true
	if ! apt_get -y --no-install-recommends install "$@" >>"$log" 2>&1; then
		say "apt-get could not install all of: $*"
		tail -n 20 "$log" >&2
		for package in "$@"; do
			apt_get -y --no-install-recommends install "$package" >/dev/null 2>&1 || true
		done
	fi
	rm -f "$log"
}

apt_get() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

# missing_packages GCC prints the Debian packages of what is not there.
missing_packages() {
	find_postgres >/dev/null || echo postgresql
	have_redis || echo redis-server
	# Without a font a browser's screenshots show no letters.
	find_chromium >/dev/null || printf 'chromium\nfonts-liberation\n'
	have_npm || { node_suits node && echo npm || printf 'nodejs\nnpm\n'; }
	if [ "$1" = true ] && ! command -v gcc >/dev/null; then
		printf 'gcc\nlibc6-dev\n'
	fi
}

# install_missing GCC brings everything here that can be had; what cannot is named by those who use it. Two runs at
# once wait for each other.
install_missing() {
	local lock
	mkdir -p "$root/.tools"
	exec {lock}>"$root/.tools/lock"
	if command -v flock >/dev/null; then
		flock "$lock"
	fi
	install_packages "$1"
	install_oidc_provider
	install_browser
	exec {lock}>&-
}

install_packages() {
	local packages
	mapfile -t packages < <(missing_packages "$1")
	if [ ${#packages[@]} -gt 0 ]; then
		if may_install; then
			apt_install "${packages[@]}"
		else
			say "missing, and not installable from here (apt-get with root or password-less sudo): ${packages[*]}"
		fi
	fi
	if [ "$1" = true ] && ! command -v gcc >/dev/null; then
		say "the race detector needs a C compiler: install gcc"
		exit 1
	fi
}

# install_oidc_provider gives the tests a real OpenID provider.
install_oidc_provider() {
	if ! ensure_node; then
		leave_out oidc-provider "tests with a real OpenID provider need Node $node_minimum or newer, and npm"
	elif install_npm_packages oidc-provider; then
		export DRAWBRIDGE_TEST_OIDC_PROVIDER_DIR=$root/tools/oidc-provider
	else
		leave_out oidc-provider "npm could not install the packages of tools/oidc-provider"
	fi
}

# install_browser gives the tests a browser, and what looks at its pages as somebody who cannot see them would.
install_browser() {
	local chromium
	if chromium=$(find_chromium); then
		export DRAWBRIDGE_TEST_CHROMIUM=$chromium
	else
		leave_out chromium "tests in a browser need Chromium $chromium_minimum or newer (Debian: chromium)"
	fi
	if have_npm && install_npm_packages axe; then
		export DRAWBRIDGE_TEST_AXE=$root/tools/axe/node_modules/axe-core/axe.min.js
	else
		leave_out axe "tests of the pages' accessibility need npm, to install the packages of tools/axe"
	fi
}

# install_npm_packages TOOL installs the packages of tools/TOOL once for each state of its lock file.
install_npm_packages() {
	local dir=$root/tools/$1 stamp
	stamp=$dir/node_modules/.installed
	if cmp -s "$dir/package-lock.json" "$stamp"; then
		return 0
	fi
	say "installing the packages of tools/$1"
	npm_quiet ci --prefix "$dir" && cp "$dir/package-lock.json" "$stamp"
}

# ensure_node puts a Node that is new enough first in PATH. Where the system's is too old, npm brings one.
ensure_node() {
	have_npm || return 1
	node_suits node && return 0
	if ! node_suits "$node_home/bin/node"; then
		fetch_node || return 1
	fi
	PATH=$node_home/bin:$PATH
}

fetch_node() {
	local arch
	case $(uname -m) in
	x86_64) arch=x64 ;;
	aarch64) arch=arm64 ;;
	*) return 1 ;;
	esac
	say "the system has no Node $node_minimum or newer: fetching $node_fetched"
	npm_quiet install --prefix "$node_home" --no-save --ignore-scripts "node-linux-$arch@$node_fetched" &&
		mkdir -p "$node_home/bin" &&
		ln -sf "../node_modules/node-linux-$arch/bin/node" "$node_home/bin/node" &&
		node_suits "$node_home/bin/node"
}

npm_quiet() {
	npm "$@" --no-audit --no-fund --no-update-notifier --loglevel=error >&2
}
