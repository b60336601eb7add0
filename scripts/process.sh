# shellcheck shell=bash
# Processes that a script started earlier, and ports of this machine, as /proc tells them.
# Sourced; expects `set -euo pipefail`.

# The fields of /proc/PID/stat after the name, which may hold blanks and parentheses: the first is the
# state, the twentieth the start time in clock ticks since boot.
process_stat() {
	local line
	{ read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
	printf '%s\n' "${line##*) }"
}

# One that ended and that nobody has waited for (a first process that reaps nobody) does not run.
process_runs() {
	local fields
	fields=$(process_stat "$1") && [[ $fields != [ZX]* ]]
}

process_started() {
	local fields
	read -ra fields < <(process_stat "$1")
	printf '%s\n' "${fields[19]:-}"
}

boot_id() { cat /proc/sys/kernel/random/boot_id; }

# record_process PID FILE
record_process() {
	printf '%s %s %s\n' "$1" "$(process_started "$1")" "$(boot_id)" >"$2"
}

# recorded_process FILE PROGRAM — its pid, if it is the process that the file means: process ids are
# given out again, but not in the same tick of the same boot. Besides, it runs PROGRAM, where that can be
# read (a process that holds keys shows it to root alone); one built anew meanwhile is "(deleted)".
recorded_process() {
	local pid='' started='' boot='' program
	{ read -r pid started boot <"$1"; } 2>/dev/null || [ -n "$pid" ] || return 1
	process_runs "$pid" || return 1
	[ "$started $boot" = "$(process_started "$pid") $(boot_id)" ] || return 1
	program=$(readlink "/proc/$pid/exe" 2>/dev/null) || program=$2
	[ "${program% (deleted)}" = "$2" ] || return 1
	printf '%s\n' "$pid"
}

# ---- ports ----

port_answers() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# port_owner PORT — "NAME (pid N)" of whoever listens there, where this user may see it.
port_owner() {
	local hex inodes inode link pid
	hex=$(printf '%04X' "$1")
	inodes=$(awk -v port=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }' \
		/proc/net/tcp /proc/net/tcp6 2>/dev/null)
	for inode in $inodes; do
		link=$(find /proc/[0-9]*/fd -lname "socket:\\[$inode\\]" -print -quit 2>/dev/null || true)
		[ -n "$link" ] || continue
		pid=${link#/proc/}
		pid=${pid%%/*}
		printf '%s (pid %s)\n' "$(cat "/proc/$pid/comm")" "$pid"
		return
	done
}

free_port_after() {
	local port=$1
	while port=$((port % 65535 + 1)) && { [ $port -lt 1024 ] || port_answers $port; }; do :; done
	printf '%s\n' $port
}
