#!/bin/sh
# A run between two hosts of their own: network namespaces with a cable (veth) between them, TLS, addresses that are not
# loopback. One run as it is, one over a slow cable (tbf), one that the cable is pulled out in. Writes the table of
# results/two_hosts.md to the standard output. Needs root; where the machine does not allow namespaces it says so and
# ends with 77, which test drivers take for "skipped". However it ends, no process and no namespace is left.
#
#   tests/bench/two_hosts.sh build/release/bin/syngrad
set -eu

program=$(realpath "${1:?which program? write tests/bench/two_hosts.sh build/release/bin/syngrad}")
here=$(realpath "$(dirname "$0")")
below="sg-below-$$" above="sg-above-$$" # the namespaces; each has its end of the cable, "v0-$$" and "v1-$$"
folder=$(mktemp -d)

clean_up() {
  trap '' INT TERM
  for place in "$below" "$above"; do
    # What ran in it is known to the kernel, also where this script was stopped between a start and its note of it.
    ip netns pids "$place" 2>/dev/null | xargs -r kill -KILL 2>/dev/null || true
    ip netns del "$place" 2>/dev/null || true
  done
  rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for tool in ip tc; do
  command -v $tool >/dev/null || { echo "skipped: there is no '$tool' here (package iproute2)"; exit 77; }
done
ip netns add "$below" 2>/dev/null && ip netns add "$above" && ip link add "v0-$$" type veth peer name "v1-$$" ||
  { echo "skipped: this machine makes no network namespaces or veth pairs (root?)"; exit 77; }
ip link set "v0-$$" netns "$below" && ip link set "v1-$$" netns "$above"
ip -n "$below" addr add 10.78.0.1/24 dev "v0-$$"
ip -n "$above" addr add 10.78.0.2/24 dev "v1-$$"
each_end() { # COMMAND...: with NAMESPACE and DEVICE of both ends of the cable
  "$@" "$below" "v0-$$" && "$@" "$above" "v1-$$"
}
start_network() { ip -n "$1" link set lo up && ip -n "$1" link set "$2" up; }
slow_down() { tc -n "$1" qdisc add dev "$2" root tbf rate 40mbit burst 32kb latency 400ms; }
speed_up() { tc -n "$1" qdisc del dev "$2" root; }
each_end start_network

cd "$folder"
"$program" certs certs --names below,above >/dev/null
tls() { echo "--tls-ca certs/ca.pem --tls-cert certs/$1.pem --tls-key certs/$1-key.pem"; }

# begin NAME: both processes of a run, the coordinator with the lower three groups; the node listens everywhere.
begin() {
  ip netns exec "$above" "$program" node --join 10.78.0.1:7000 --threads 1 $(tls above) >"$1-node.log" 2>&1 &
  node=$!
  ip netns exec "$below" "$program" train --listen 10.78.0.1:7000 --nodes 1 --place 0-2=cpu,3-5=above/cpu --steps 300 \
    --threads 1 --seed 1 --deterministic --trace off --run "$1" $(tls below) >"$1.log" 2>&1 &
  train=$!
}

fail() {
  echo "FAILED: $1: $2" >&2
  cat "$1.log" "$1-node.log" >&2
  exit 1
}

# await NAME TEXT: until the coordinator has said it. In the background, so that a signal to this script is not kept
# waiting.
await() {
  (tail -n +1 -f --pid=$train "$1.log" | grep -q -m 1 "$2") &
  wait $! || fail "$1" "it ended without saying '$2'"
}

# end NAME WHAT: both end with 0, and the weights are those of the first run.
end() {
  wait $train || fail "$1" "the coordinator ended with $?"
  wait $node || fail "$1" "the node ended with $?"
  cmp plain/weights.safetensors "$1/weights.safetensors" || fail "$1" "the weights differ"
  cable=$(sed -n 's/^.*node above: .*, \([0-9.]* MB\/s\).*$/\1/p' "$1.log" | head -n 1)
  said=$(grep -h -e 'lost the connection' -e 'is back' "$1.log" | sed 's/^syngrad train: //; s/$/. /' | tr -d '\n')
  echo "| $2 | $cable | $(tail -n 1 "$1.log" | sed 's/; results in .*//') | ${said:-nothing} |"
}

echo "# A run between two hosts"
echo
echo "$(cd "$here" && python3 -B -c 'import machine; print(machine.described())') Load average at the start $(cut -d ' ' -f 1 /proc/loadavg)."
echo
echo "Two network namespaces of one machine with a veth pair between them, addresses of their own, TLS with a certificate"
echo "each. 784-256x5-10 on drawn digits, 300 steps, \`--deterministic\`, groups 0-2 on one side and 3-5 on the other, one"
echo "thread each. All three runs must end with 0 on both sides and with the same weights, bit for bit."
echo
echo "    tests/bench/two_hosts.sh build/release/bin/syngrad"
echo
echo "| run | measured speed of the cable | end | said meanwhile |"
echo "|---|---|---|---|"

begin plain
end plain "the cable as it is"

each_end slow_down
begin slow
end slow "a slow cable (tbf, 40 Mbit/s each way)"
each_end speed_up

# Once batches go round (the first line of results), nothing passes for longer than --peer-timeout (10 s).
begin cut
await cut '^step '
ip -n "$above" link set "v1-$$" down
await cut 'lost the connection'
ip -n "$above" link set "v1-$$" up
end cut "the cable pulled out until the loss was noticed, then put back"
