# shellcheck shell=bash
# What quickstart, tests/run and .ci/run share: packages by name, building, and PostgreSQL's programs.
# Sourced; expects `set -euo pipefail`.
# shellcheck disable=SC2034 # the lists are for whoever sources this

say() { printf '%s\n' "$*" >&2; }
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Debian's packages, the same names on 12 and 13. What a client's plug-ins need is named too: nothing
# that is only recommended gets installed.
packages_build=(gcc libc6-dev cmake ninja-build pkg-config libssl-dev libevent-dev libpq-dev
	libjson-c-dev libseccomp-dev libp11-kit-dev libcurl4-openssl-dev)
packages_demo=(postgresql openssl curl procps util-linux ca-certificates)
packages_test=(libcmocka-dev python3 python3-pytest python3-pytest-xdist python3-psycopg2
	python3-cryptography python3-asn1crypto python3-prometheus-client gnutls-bin clang valgrind
	mandoc haproxy nginx varnish varnish-modules pgbouncer prometheus chromium chromium-driver python3-selenium fonts-dejavu-core
	softhsm2 opensc p11-kit-modules)
# How OpenSSL reaches tokens is the one thing that differs: an engine on 12, a provider on 13.
if grep -qs '^VERSION_ID="12"' /etc/os-release; then
	packages_test+=(libengine-pkcs11-openssl)
else
	packages_test+=(pkcs11-provider)
fi
packages_clients=(nginx apache2 haproxy libnss3-tools default-jdk-headless libbcprov-java
	libbcpkix-java dirmngr strongswan-pki libstrongswan-standard-plugins
	libstrongswan-extra-plugins freeradius eapoltest)

packages_cluster=(patroni python3-etcd etcd-server etcd-client haproxy varnish nginx nftables iproute2)

packages_lint=(python3-venv)
packages_ci=(clang-format clang-tidy libclang-rt-dev shellcheck git systemd)
packages_bench=(nginx-light wrk slowhttptest stress-ng python3 python3-psycopg2 python3-cryptography)
# Packets are dropped by nft, load comes from wrk, and memory and processors are taken by stress-ng.
packages_chaos=(nftables iproute2 util-linux wrk stress-ng)
packages_fresh=(debootstrap util-linux procps git iproute2)
packages_container=(podman buildah crun debootstrap git openssl postgresql util-linux)

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "needs root or sudo for: $*"
	fi
}

# ---- what takes minutes says what it is at ----

# with_progress LOG SUMMARY COMMAND… — the command's output goes to LOG; every ten seconds the line that
# SUMMARY LOG prints is said, with the seconds so far. The command's status is returned.
with_progress() {
	local log=$1 summary=$2 began=$SECONDS status=0 ticker
	shift 2
	: >"$log"
	(
		# In the background, so that it does not hear an interrupt: it ends with the shell that it is for.
		exec 9<&- </dev/null
		while sleep 1 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
			[ $(((SECONDS - began) % 10)) -ne 0 ] || say "  … $("$summary" "$log") ($((SECONDS - began)) s)"
		done
	) &
	ticker=$!
	"$@" >>"$log" 2>&1 || status=$?
	kill $ticker 2>/dev/null || true
	wait $ticker 2>/dev/null || true
	return $status
}

apt_progress() {
	local total
	total=$(sed -n 's/.* \([0-9]*\) newly installed.*/\1/p' "$1" | tail -n 1)
	if [ -z "$total" ]; then
		echo "reading package lists"
	elif ! grep -q '^Unpacking ' "$1"; then
		printf 'fetching: %s of %s packages\n' "$(grep -c '^Get:' "$1" || true)" "$total"
	else
		printf '%s unpacked and %s set up of %s packages\n' "$(grep -c '^Unpacking ' "$1" || true)" \
			"$(grep -c '^Setting up ' "$1" || true)" "$total"
	fi
}

build_progress() {
	local step
	step=$(grep -oE '^\[[0-9]+/[0-9]+\]' "$1" | tail -n 1 | tr -d '[]') || true
	echo "${step:-configuring}${step:+ steps}"
}

# ---- packages ----

missing_packages() {
	local name
	for name in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
	done
}

fetch_and_install() {
	as_root apt-get update -q || return
	# RUNLEVEL=1: packages that bring a server must not start it. `needrestart` must not ask.
	as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 RUNLEVEL=1 LC_ALL=C \
		apt-get install -y -q --no-install-recommends "$@"
}

# install_packages NAME… — installs what is missing, by Debian's package manager.
install_packages() {
	command -v apt-get >/dev/null || die "needs Debian's apt-get to install: $*"
	local missing log
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing: ${missing[*]}"
	as_root true # sudo asks for its password here, before the output goes elsewhere
	log=$(mktemp)
	if ! with_progress "$log" apt_progress fetch_and_install "${missing[@]}"; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		die "apt-get could not install: ${missing[*]}"
	fi
	rm -f "$log"
}

# ---- building ----

# A build folder remembers where its sources were: that of a clone that was moved or copied is made anew.
drop_moved_build() {
	local cache=$1/CMakeCache.txt
	[ -f "$cache" ] || return 0
	grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$cache" || {
		say "$1 was made for another folder: building anew"
		rm -rf "$1"
	}
}

configure_and_build() {
	cmake --preset "$1" && cmake --build --preset "$1"
}

# build_preset PRESET LOG — build/PRESET of this clone, the current folder.
build_preset() {
	drop_moved_build "build/$1"
	with_progress "$2" build_progress configure_and_build "$1" || {
		tail -n 20 "$2" >&2
		die "the build failed, see $2"
	}
}

# ---- the environment ----

# A proxy is for apt and PyPI, never for 127.0.0.1; libpq's variables would lead to another database.
forget_environment() {
	unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY STILLGOOD_DATABASE "${!PG@}"
}

# ---- PostgreSQL ----

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
