# SPDX-License-Identifier: BSD-2-Clause
#
# What the scenarios of tests/opensips/opensips share: a core laid out with our module and with the
# stock one, its start, its commands, its end, and SIPp as its peer. Sourced after interop/lib.sh.

# shellcheck shell=bash
# shellcheck disable=SC2154 # set by who sources this: tree, module, here, dir

need_tree() {
	[ -n "$tree" ] || skip_all "no tree of OpenSIPS was given (meson -Dopensips_src=TREE)"
	[ -x "$tree/opensips" ] || skip_all "$tree holds no built opensips"
	[ -e "$module" ] || skip_all "$module is not built"
	# One allocator that every configuration of the core has.
	core=("$tree/opensips" -a F_MALLOC)
}

# A folder of modules as an installation has it, ours in the place of the stock one.
lay_modules() {
	mkdir -p modules stock
	ln -sf "$tree"/modules/*/*.so modules/
	ln -sf "$tree"/modules/*/*.so stock/
	ln -sf "$module" modules/proto_sctp.so
	# A module with sanitizers wants their library first.
	preload=
	if grep -qa __asan_init "$module"; then
		preload=$(cc -print-file-name=libasan.so)
		export ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0
	fi
}

# configure MODULES PORT WORKERS [LINE…]
configure() {
	local modules=$dir/$1 port=$2 workers=$3
	shift 3
	printf '%s\n' "$@" >more.cfg
	sed -e "s|@MODULES@|$modules|" -e "s|@PORT@|$port|" -e "s|@WORKERS@|$workers|" \
		-e '/^@MORE@/{r more.cfg' -e 'd}' "$here/opensips.cfg" >opensips.cfg
}

# mi METHOD [PARAMS]: one command of the management interface, its answer on one line
mi() {
	local answer tries=${mi_tries-5}
	until [ -n "${answer-}" ] || [ "$tries" = 0 ]; do
		tries=$((tries - 1))
		exec 9<>/dev/udp/127.0.0.1/8088 || return
		printf '{"jsonrpc":"2.0","id":1,"method":"%s"%s}' "$1" "${2:+,\"params\":$2}" >&9
		answer=$(timeout 10 dd bs=65535 count=1 status=none <&9 | tr -d '\n')
		exec 9>&-
	done
	echo "$answer"
}

listens() { grep -q " $1 " /proc/net/sctp/eps; }

# The port is bound for a moment before the processes are forked, too; that one of them answers
# comes after.
serves_or_gone() {
	gone "${server_of[$1]}" || { listens "$2" && [ -n "$(mi_tries=1 mi ps)" ] && listens "$2"; }
}

# begin_core NAME PORT: starts the core with opensips.cfg and waits until it serves
begin_core() {
	LD_PRELOAD=$preload "${core[@]}" -F -f "$dir/opensips.cfg" -m 128 -M 16 -w "$dir" \
		>"$1.log" 2>&1 </dev/null &
	server_of[$1]=$!
	await 90 serves_or_gone "$1" "$2"
	[ "$1" = stock ] && return
	listens "$2"
	point $? "OpenSIPS serves ($1)" "$1.log"
}

# end_core NAME: tells how long it took; no process may have to be killed, which is what the core
# does after 5 s
end_core() {
	local pid=${server_of[$1]} began status
	began=$(date +%s%N)
	kill -TERM "$pid"
	await 60 gone "$pid" || kill -KILL "$pid"
	wait "$pid"
	status=$?
	unset "server_of[$1]"
	took_ms=$((($(date +%s%N) - began) / 1000000))
	echo "# $1: ended after $took_ms ms, status $status; the last of its processes:"
	sed -n 's/INFO:core:shutdown_opensips: \(.*still waiting for [0-2] more\)/\1/p' "$1.log" |
		comment
	[ "$1" = stock ] && return
	is "OpenSIPS ends in order ($1)" "$status" 0 "$1.log"
	grep -q 'still waiting for 0 more' "$1.log"
	point $? "every process of it ended by itself, none had to be killed after 5 s" "$1.log"
	! grep -q 'CRITICAL\|AddressSanitizer\|runtime error' "$1.log"
	point $? "nothing critical is in its log ($1)" "$1.log"
}

counter() { mi sctp_stats | sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p"; }

# many OF_6.1 OF_OTHERS IN_FULL: so many calls
many() {
	[ -n "${SIPRING_OPENSIPS_FULL-}" ] && echo "$3" && return
	case $(uname -r) in
	6.1.*) echo "$1" ;;
	*) echo "$2" ;;
	esac
}

sipp_count() {
	awk -F ';' -v name="$1(C)" '
	NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) column = i }
	END { print column ? $column : "no column " name }' sipp.csv
}

# sipp_run SCENARIO CALLS TRANSPORT TARGET [WINDOW]: leaves its counts in sipp.csv. That the machine
# does other things too is no reason for SIPp to give up.
sipp_run() {
	rm -f sipp.csv
	local seconds=100
	[ -n "${SIPRING_OPENSIPS_FULL-}" ] && seconds=1000
	timeout -k 5 $((seconds + 10)) sipp -t "$3" -sf "$1" -i 127.0.0.1 -p 6060 -m "$2" \
		-l "${5-64}" -r 100000 -nostdin -trace_stat -stf sipp.csv -fd 1 -trace_err \
		-error_file sipp.err -timeout $seconds -timeout_error \
		-watchdog_minor_maxtriggers 100000 -watchdog_major_maxtriggers 100000 "$4" \
		>sipp.out 2>&1 </dev/null
}

# calls NAME SCENARIO CALLS TRANSPORT TARGET [WINDOW]
calls() {
	local column status
	sipp_run "$2" "$3" "$4" "$5" "${6-64}"
	status=$?
	[ -s sipp.err ] && tail -n 5 sipp.err | comment
	is "SIPp makes $3 calls: $1" "$status $(sipp_count SuccessfulCall)" "0 $3" sipp.out
	for column in FailedCall OutOfCallMsgs; do
		is "none is counted: $column" "$(sipp_count "$column")" 0 sipp.csv
	done
	echo "# $1: $(sipp_count CallRate) calls/s"
}

# Every SIP worker waits for all it serves, not for a message.
workers_wait() {
	local pid name n=0 n_waiting=0
	for pid in $(mi ps | tr '{' '\n' |
		sed -n 's/.*"PID": *\([0-9]*\).*SIP receiver sctp.*/\1/p'); do
		n=$((n + 1))
		read -r name </proc/"$pid"/wchan
		[[ $name == *epoll* ]] && n_waiting=$((n_waiting + 1))
	done
	echo "$n_waiting of $n"
}

# spaced_messages COUNT: each when the one before is answered
spaced_messages() {
	sipp_run "$scenarios/options_client.xml" "$1" s1 127.0.0.1:5060 1
}
