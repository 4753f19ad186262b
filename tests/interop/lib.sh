# SPDX-License-Identifier: BSD-2-Clause
#
# What the scripts of interop and storm share: points of TAP, servers that are started and ended in
# order, counters out of their JSON. A script that sources this runs in a network namespace of its
# own, with nothing but a loopback in it, so that ports, sysctls and the counters of the kernel's
# SCTP are its alone. All it starts is in a list and ends with it; all files are in $dir.
#
# usage in a script: source lib.sh, without arguments; begin BUILD [PLAIN_BUILD]; points…; finish

# shellcheck shell=bash
set -u
export LC_ALL=C
unset LD_LIBRARY_PATH # of the build that is tested; another build's programs know their own
if [ -z "${SIPRING_ISOLATED-}" ] && unshare -n true 2>/dev/null; then
	SIPRING_ISOLATED=1 exec unshare -n "$0" "$@"
fi
ip link set lo up 2>/dev/null
declare -A server_of=() # name -> process id

# begin BUILD [PLAIN_BUILD]: sets sipring, and plain: a build without sanitizers, or empty
begin() {
	build=$1
	sipring=$build/tools/sipring
	n_points=0
	n_failed=0
	dir=$(mktemp -d "${TMPDIR:-/tmp}/sipring-test.XXXXXX") || exit 1
	trap clean_up EXIT
	trap 'exit 143' TERM
	trap 'exit 130' INT
	cd "$dir" || exit 1
	# What a sanitizer finds ends the program with a status that no test expects.
	export ASAN_OPTIONS=${ASAN_OPTIONS-exitcode=98:detect_leaks=1}
	export UBSAN_OPTIONS=${UBSAN_OPTIONS-halt_on_error=1:print_stacktrace=1:exitcode=98}
	[ -x "$sipring" ] || skip_all "$sipring is not built"
	find_plain "${2-}"
}

# A build without sanitizers: the one that is tested, or another that is as new as the sources.
# shellcheck disable=SC2034 # for the scripts
find_plain() {
	local source=${BASH_SOURCE[0]%/tests/*}
	plain=
	plain_why="no build without sanitizers was given"
	if ! grep -qa __asan_init "$sipring"; then
		plain=$sipring
	elif [ -n "$1" ] && [ ! -x "$1/tools/sipring" ]; then
		plain_why="${1##*/}/ holds no build without sanitizers"
	elif [ -n "$1" ] && [ -n "$(find "$source/src" "$source/tools" "$source/include" \
		-name '*.[ch]' -newer "$1/tools/sipring" -print -quit)" ]; then
		plain_why="the build in ${1##*/}/ is older than the sources"
	elif [ -n "$1" ]; then
		plain=$1/tools/sipring
	fi
}

clean_up() {
	local name
	for name in "${!server_of[@]}"; do
		kill -KILL "${server_of[$name]}" && wait "${server_of[$name]}"
	done 2>/dev/null
	cd / && rm -rf "$dir"
}

# shellcheck disable=SC1003 # the backslash is sed's
comment() { sed -e 's/^/# /' -e '$a\'; } # a last line without its end is ended

# point VERDICT NAME [FILE…]: one point; the ends of the files are shown where it failed, of
# counters what is not 0
point() {
	local verdict=$1 name=$2 file
	shift 2
	n_points=$((n_points + 1))
	if [ "$verdict" = 0 ]; then
		echo "ok $n_points - $name"
		return 0
	fi
	n_failed=$((n_failed + 1))
	echo "not ok $n_points - $name"
	for file in "$@"; do
		[ -s "$file" ] || continue
		echo "# --- ${file##*/}"
		grep -v '":[[:space:]]*0,$' "$file" | tail -n 60 | comment
	done
	return 1
}

skip() {
	n_points=$((n_points + 1))
	echo "ok $n_points - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

finish() {
	echo "1..$n_points"
	[ "$n_failed" = 0 ]
	exit
}

# need PROGRAM PACKAGE: the script is skipped where a program is missing
need() {
	command -v "$1" >/dev/null || skip_all "$1 is missing (Debian package $2)"
}

need_kernel_sctp() {
	[ -e /proc/net/sctp/snmp ] || modprobe -q sctp 2>/dev/null
	[ -e /proc/net/sctp/snmp ] || skip_all "this kernel has no SCTP (tools/lab has one)"
}

# is NAME GOT WANTED [FILE…]
is() {
	local name=$1 got=$2 wanted=$3
	shift 3
	if [ "$got" = "$wanted" ]; then
		point 0 "$name"
	else
		point 1 "$name (got '$got', not '$wanted')" "$@"
	fi
}

# says NAME FILE PATTERN: an extended regular expression over the lines of a file
says() {
	grep -Eq -e "$3" "$2"
	point $? "$1" "$2"
}

# run NAME STATUS SECONDS COMMAND…: a point; output is left in out, error output in err
run() {
	local name=$1 wanted=$2 seconds=$3 got
	shift 3
	timeout -k 5 "$seconds" "$@" >out 2>err </dev/null
	got=$?
	[ $got = 124 ] && name="$name (still running after $seconds s)"
	is "$name" "$got" "$wanted" err out
}

# points SECONDS COMMAND…: a point for each line "ok - NAME" or "not ok - NAME" that it prints; what
# else it prints is a comment. That it ends, with status 0, is a point too.
points() {
	local line status
	timeout -k 5 "$@" >points.out 2>points.err </dev/null
	status=$?
	while IFS= read -r line; do
		case $line in
		'ok - '*) point 0 "${line#ok - }" ;;
		'not ok - '*) point 1 "${line#not ok - }" ;;
		*) echo "# $line" ;;
		esac
	done <points.out
	is "${2##*/} came to its end" "$status" 0 points.err
}

# await SECONDS COMMAND…: until it succeeds
await() {
	local left=$(($1 * 10))
	shift
	until "$@" 2>/dev/null; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.1
	done
}

# gone PID: also when it waits for us to ask for its status
gone() {
	local line
	read -r line 2>/dev/null <"/proc/$1/stat" || return 0
	[[ ${line##*) } == Z* ]]
}

started_or_gone() {
	[ -s "$1.ready" ] || gone "${server_of[$1]}"
}

# serve NAME OPTION…: starts a server with $server_program (default: the build's) and waits for it
serve() {
	local name=$1
	shift
	rm -f "$name.ready" "$name.json"
	# shellcheck disable=SC2086 # a program and what it runs
	${server_program:-$sipring} serve --ready-file "$name.ready" \
		--stats-json "$name.json" "$@" >"$name.log" 2>&1 </dev/null &
	server_of[$name]=$!
	await 60 started_or_gone "$name"
	[ -s "$name.ready" ] && return 0
	point 1 "the server \"$name\" starts: serve $*" "$name.log"
}

# stop NAME: ends it in order; a point for its exit status, one for its books
stop() {
	local pid=${server_of[$1]} status
	kill -TERM "$pid"
	await 60 gone "$pid" || kill -KILL "$pid"
	wait "$pid"
	status=$?
	unset "server_of[$1]"
	is "the server \"$1\" ends in order" "$status" 0 "$1.log"
	balance "$1.json"
}

# count FILE FIELD: the last number of that name; the engine's counters stand last. Without another
# program: where processors are emulated, starting one costs more than the messages do.
count() {
	find_count "$@"
	echo "$REPLY"
}

find_count() {
	local line
	REPLY=
	while IFS= read -r line; do
		[[ $line == *"\"$2\":"* && ${line##*:} =~ [0-9][0-9.e+-]* ]] &&
			REPLY=${BASH_REMATCH[0]}
	done <"$1" 2>/dev/null
}

# told FILE FIELD: the first number of that name: the program's own, where the engine has one too
told() {
	local line
	while IFS= read -r line; do
		[[ $line == *"\"$2\":"* && ${line##*:} =~ [0-9][0-9.e+-]* ]] || continue
		echo "${BASH_REMATCH[0]}"
		return
	done <"$1" 2>/dev/null
}

# sum FILE FIELD…
sum() {
	local file=$1 total=0 field
	shift
	for field in "$@"; do
		find_count "$file" "$field"
		total=$((total + ${REPLY:-1000000000})) # what is missing is not 0
	done
	echo "$total"
}

# balance FILE: every accepted send has its one outcome, nothing waits, nobody is left
balance() {
	is "every accepted send had one outcome" \
		"$(sum "$1" sent failed_connect failed_lost failed_timeout failed_refused \
			failed_unresolved failed_closed failed_killed handed queue_messages)" \
		"$(count "$1" accepted)" "$1"
	is "nothing is left in a queue, nobody is left connected" \
		"$(sum "$1" queue_messages queue_bytes associations)" 0 "$1"
}

# calls_below FILE MOST: system calls per message, by the engine's own counters
calls_below() {
	local ratio
	ratio=$(count "$1" system_calls_per_message)
	awk "BEGIN { exit !($ratio > 0 && $ratio < $2) }"
	point $? "$ratio system calls per message, below $2" "$1"
}

# healthy OPTION… URI: a peer that behaves has its answer
healthy() {
	timeout -k 5 30 "$sipring" send --timeout 15 "$@" >healthy.out 2>healthy.err </dev/null
	point $? "a healthy peer is answered" healthy.err
}

# of_kernel COUNTER: of the kernel's SCTP, in this namespace
of_kernel() {
	local name value
	while read -r name value; do
		[ "$name" = "$1" ] && echo "$value"
	done </proc/net/sctp/snmp
}
