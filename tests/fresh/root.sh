# shellcheck shell=bash
# The root that tests/fresh/run makes: what is carried into it, and the world that runs in it.
# Sourced; expects $tree, $work, $root, $suite, $user and scripts/lib.sh.
# shellcheck disable=SC2154,SC2034

# ---- what it is made of ----

# This machine's Debian mirror, as apt knows it.
find_mirror() {
	local found
	# shellcheck disable=SC2016 # apt's own format
	found=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 2>/dev/null | sort -u)
	mirror=$(sed -n 's/^Debian //p' <<<"$found" | head -n 1)
	security=$(sed -n 's/^Debian-Security //p' <<<"$found" | head -n 1)
	mirror=${mirror:-http://deb.debian.org/debian}
	security=${security:-http://deb.debian.org/debian-security}
}

carry_apt() {
	cat >"$root/etc/apt/sources.list" <<LIST
deb $mirror $suite main
deb $mirror $suite-updates main
deb $security $suite-security main
LIST
	{
		apt-config dump | grep -E '^Acquire::(https?::(Proxy|CaInfo|Verify)|Check-|Retries|ForceIPv)' || true
		[ -z "${http_proxy:-}" ] || printf 'Acquire::http::Proxy "%s";\n' "$http_proxy"
		[ -z "${https_proxy:-}" ] || printf 'Acquire::https::Proxy "%s";\n' "$https_proxy"
	} >"$root/etc/apt/apt.conf.d/00carried"
	cp -a /etc/apt/auth.conf.d/. "$root/etc/apt/auth.conf.d/" 2>/dev/null || true
}

carry_network() {
	cat /etc/resolv.conf >"$root/etc/resolv.conf"
	printf '127.0.0.1 localhost\n::1 localhost ip6-localhost\n127.0.1.1 bare\n' >"$root/etc/hosts"
	echo bare >"$root/etc/hostname"
	# Certificates of the way out (a proxy's own) are trusted inside as they are here.
	mkdir -p "$root/usr/local/share/ca-certificates"
	cp -a /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
	chroot "$root" update-ca-certificates
	[ ! -f /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/pip.conf"
}

carry_settings() {
	# As in container images: what is installed is not started.
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	carry_apt
	carry_network
}

# Lines NAME=VALUE: the environment of whoever runs the steps. Nothing else of ours is in it.
environment() {
	local name
	if [ "$user" = root ]; then
		printf '%s\n' HOME=/root USER=root LOGNAME=root SHELL=/bin/bash \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	else
		printf '%s\n' HOME=/home/tester USER=tester LOGNAME=tester SHELL=/bin/bash \
			PATH=/usr/local/bin:/usr/bin:/bin LANG=ja_JP.UTF-8 TZ=Asia/Tokyo
	fi
	for name in http_proxy https_proxy no_proxy PIP_CERT PIP_INDEX_URL PIP_EXTRA_INDEX_URL \
		PIP_TRUSTED_HOST PIP_DEFAULT_TIMEOUT; do
		[ -z "${!name:-}" ] || printf '%s=%s\n' "$name" "${!name}"
	done
}

add_user() {
	home=/root
	[ "$user" = sudo ] || return 0
	home=/home/tester
	chroot "$root" useradd --create-home --shell /bin/bash tester
	echo 'tester ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/tester"
}

clone_tree() {
	git clone -q --no-hardlinks "$tree" "$root$home/stillgood"
	[ "$user" = root ] || chroot "$root" chown -R tester: /home/tester/stillgood
}

# ---- the world in it ----

init=
world=
network=()

# Runs in new namespaces, before the first process: a container's mounts.
# shellcheck disable=SC2016
mounts='set -e
[ "$2" = root ] || mount --bind "$1" "$1"
hostname bare
mount -t proc proc "$1/proc"
mount -t sysfs -o ro sysfs "$1/sys" 2>/dev/null || mount --bind -o ro /sys "$1/sys"
mount -t tmpfs -o mode=755,nosuid tmpfs "$1/dev"
for node in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
	set -- "$1" "$2" $node
	mknod -m 666 "$1/dev/$3" c "$4" "$5"
done
ln -s /proc/self/fd "$1/dev/fd"
ln -s fd/0 "$1/dev/stdin"
ln -s fd/1 "$1/dev/stdout"
ln -s fd/2 "$1/dev/stderr"
mkdir "$1/dev/pts" "$1/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$1/dev/pts"
ln -s pts/ptmx "$1/dev/ptmx"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$1/dev/shm"
if [ "$2" = root ]; then
	exec chroot "$1" sleep infinity
fi
exec chroot "$1" bash -c "sleep infinity & wait"'

begin_world() {
	unshare --mount --propagation private --pid --fork --kill-child --uts --ipc -- \
		sh -c "$mounts" sh "$root" "$user" &
	world=$!
	local tries=0
	until init=$(pgrep -P "$world") && [ "$(readlink "/proc/$init/root")" = "$root" ]; do
		kill -0 "$world" 2>/dev/null || die "no namespaces here (see unshare(1))"
		tries=$((tries + 1))
		[ $tries -lt 600 ] || die "the namespaces are not ready after a minute"
		sleep 0.1
	done
}

# The same with systemd as the first process, which needs cgroups of version 2, /run, and a network of its own. What
# belongs to the kernel (/proc/sys) it may not change.
# shellcheck disable=SC2016
boot='set -e
mount --bind "$1" "$1"
cd "$1"
hostname bare
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755,nosuid tmpfs dev
for node in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
	set -- "$1" $node
	mknod -m 666 "dev/$2" c "$3" "$4"
done
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs dev/shm
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs run
mkdir -p run/before
pivot_root . run/before
umount -l run/before
exec env -i container=unshare PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd'

cgroups=

# There is no console, and modules and settings are the kernel'"'"'s, which is not this root'"'"'s.
prepare_boot() {
	local unit
	rm -f "$root/usr/sbin/policy-rc.d"
	for unit in console-getty.service systemd-modules-load.service systemd-sysctl.service \
		sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done
}

begin_booted_world() {
	prepare_boot
	cgroups=$work/cgroups
	mkdir -p "$cgroups"
	mount -t cgroup2 cgroup2 "$cgroups" || die "no cgroups of version 2 here"
	mkdir "$cgroups/${work##*/}"
	# shellcheck disable=SC2016
	sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$cgroups/${work##*/}" \
		unshare --mount --propagation private --pid --fork --kill-child --uts --ipc --net --cgroup -- \
		sh -c "$boot" sh "$root" </dev/null >"$work/systemd.log" 2>&1 &
	world=$!
	local tries=0
	until init=$(pgrep -P "$world") && booted 5 "systemctl is-system-running" >/dev/null 2>&1; do
		kill -0 "$world" 2>/dev/null || die "systemd does not start: $(cat "$work/systemd.log")"
		tries=$((tries + 1))
		[ $tries -lt 600 ] || die "systemd is not up after minutes: $(booted 5 'systemctl --failed' 2>&1)"
		sleep 0.2
	done
}

# booted SECONDS COMMAND — as root, in the clone, beside the running systemd.
booted() {
	local words=(env -i)
	mapfile -t -O 2 words < <(environment)
	timeout --kill-after=10 "$1" nsenter -t "$init" --all -- "${words[@]}" bash -c "cd /root/stillgood && $2"
}

end_cgroups() {
	[ -n "$cgroups" ] || return 0
	find "$cgroups/${work##*/}" -depth -type d -exec rmdir {} + 2>/dev/null || true
	umount "$cgroups" || true
	cgroups=
}

# A process in the world that holds a network of loopback alone; the later `inside` are in it.
begin_own_network() {
	local entered tries=0
	# shellcheck disable=SC2016
	nsenter -t "$init" --pid -- unshare --net -- \
		sh -c 'ip link set lo up && echo up >"$1" && exec sleep infinity' sh "$work/network" \
		</dev/null >/dev/null 2>&1 &
	entered=$!
	disown
	until [ -f "$work/network" ]; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || die "no network namespace"
		sleep 0.1
	done
	network=("--net=/proc/$(pgrep -P $entered)/ns/net")
}

# inside SECONDS COMMAND — a shell's command in the clone, as the user, in the world.
inside() {
	local limit=$1 command=$2 words=(env -i)
	mapfile -t -O 2 words < <(environment)
	words+=(bash -c "cd $home/stillgood && $command")
	[ "$user" = root ] || words=(runuser -u tester -- "${words[@]}")
	timeout --kill-after=10 "$limit" nsenter -t "$init" --mount --pid --uts --ipc "${network[@]}" -- \
		chroot "$root" "${words[@]}"
}

# The first process takes everything in its namespace with it, mounts too.
end_world() {
	[ -n "$world" ] || return 0
	kill -KILL "$world" 2>/dev/null || true
	wait "$world" 2>/dev/null || true
	while [ -n "$init" ] && kill -0 "$init" 2>/dev/null; do sleep 0.1; done
	world=
	init=
	end_cgroups
}

# ---- ports of this machine, which the world shares ----

ss_listens() {
	if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then echo taken; fi
}

# Claims a port for as long as this script runs: another run may be at its debootstrap. Sets $port.
choose_port() {
	local claim
	for port in 8080 $(seq 18080 18180); do
		[ -z "$(ss_listens "$port")" ] || continue
		exec {claim}>"/run/lock/stillgood-fresh-$port"
		flock -n "$claim" && return
		exec {claim}>&-
	done
	die "no free port from 18080 to 18180"
}
