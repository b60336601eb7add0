# shellcheck shell=bash
# What quickstart, tests/run and .ci/run share: packages by name, and PostgreSQL's programs.
# Sourced; expects `set -euo pipefail`.
# shellcheck disable=SC2034 # the lists are for whoever sources this

say() { printf '%s\n' "$*" >&2; }
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Debian's packages, the same names on 12 and 13.
packages_build=(gcc libc6-dev cmake ninja-build pkg-config libssl-dev libevent-dev libpq-dev
	libjson-c-dev)
packages_demo=(postgresql openssl curl procps util-linux ca-certificates)
packages_test=(libcmocka-dev python3 python3-pytest python3-psycopg2 python3-cryptography
	python3-asn1crypto python3-prometheus-client gnutls-bin clang valgrind mandoc haproxy)
packages_clients=(nginx apache2 haproxy libnss3-tools default-jdk-headless libbcprov-java
	libbcpkix-java dirmngr strongswan-pki libstrongswan-extra-plugins freeradius eapoltest)
packages_lint=(python3-venv)
packages_ci=(clang-format clang-tidy shellcheck git)
packages_bench=(nginx-light wrk python3-psycopg2)

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "needs root or sudo for: $*"
	fi
}

# install_packages NAME… — installs what is missing, by Debian's package manager.
install_packages() {
	command -v apt-get >/dev/null || die "needs Debian's apt-get to install: $*"
	local name missing=()
	for name in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
			missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing: ${missing[*]}"
	local log
	log=$(mktemp)
	# RUNLEVEL=1: packages that bring a server must not start it.
	if ! { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
		apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		die "apt-get could not install: ${missing[*]}"
	fi
	rm -f "$log"
}

# The newest installed PostgreSQL's folder of server programs.
postgres_programs() {
	local folder
	folder=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin | sort -t/ -k5 -V | tail -n 1)
	[ -n "$folder" ] || die "no PostgreSQL server programs under /usr/lib/postgresql"
	printf '%s\n' "$folder"
}

# PostgreSQL refuses to run as root: root hands over to the package's own user.
as_postgres() {
	if [ "$(id -u)" -eq 0 ]; then
		runuser -u postgres -- "$@"
	else
		"$@"
	fi
}
