#!/bin/sh
# A run between two hosts of their own: network namespaces with a cable (veth) between them, TLS, addresses that are not
# loopback. One run as it is, one over a slow cable (tbf), one that the cable is pulled out in. Needs root; where
# the machine does not allow namespaces it says so and ends with 77, which test drivers take for "skipped".
#
#   tests/bench/two_hosts.sh build/release/bin/syngrad
set -eu

program=$(realpath "${1:?which program? write tests/bench/two_hosts.sh build/release/bin/syngrad}")
below="sg-below-$$" above="sg-above-$$"
folder=$(mktemp -d)
node=

clean_up() {
  [ -z "$node" ] || kill "$node" 2>/dev/null || true
  ip netns del "$below" 2>/dev/null || true
  ip netns del "$above" 2>/dev/null || true
  rm -rf "$folder"
}
trap clean_up EXIT

for tool in ip tc; do
  command -v $tool >/dev/null || { echo "skipped: there is no '$tool' here"; exit 77; }
done
ip netns add "$below" 2>/dev/null && ip netns add "$above" && ip link add "v0-$$" type veth peer name "v1-$$" ||
  { echo "skipped: this machine makes no network namespaces or veth pairs (root?)"; exit 77; }
ip link set "v0-$$" netns "$below" && ip link set "v1-$$" netns "$above"
ip -n "$below" addr add 10.78.0.1/24 dev "v0-$$"
ip -n "$above" addr add 10.78.0.2/24 dev "v1-$$"
for place in "$below v0-$$" "$above v1-$$"; do
  set -- $place
  ip -n "$1" link set lo up && ip -n "$1" link set "$2" up
done

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

# end NAME: both end with 0, and the weights are those of the first run.
end() {
  wait $train && wait $node || { echo "FAILED: $1"; cat "$1.log" "$1-node.log"; exit 1; }
  node=
  cmp plain/weights.safetensors "$1/weights.safetensors" || { echo "FAILED: $1: the weights differ"; exit 1; }
  echo "$1: $(tail -n 1 "$1.log")"
  grep -h -e 'MB/s' -e 'lost the connection' -e 'is back' "$1.log" | sed 's/^/  /' || true
}

begin plain
end plain

for place in "$below v0-$$" "$above v1-$$"; do
  set -- $place
  tc -n "$1" qdisc add dev "$2" root tbf rate 40mbit burst 32kb latency 400ms
done
begin slow
end slow
for place in "$below v0-$$" "$above v1-$$"; do
  set -- $place
  tc -n "$1" qdisc del dev "$2" root
done

# Once batches go round (the first line of results), nothing passes for longer than --peer-timeout (10 s).
begin cut
tail -n +1 -f --pid=$train cut.log | grep -q -m 1 '^step '
ip -n "$above" link set "v1-$$" down
tail -n +1 -f --pid=$train cut.log | grep -q -m 1 'lost the connection'
ip -n "$above" link set "v1-$$" up
end cut
echo "two hosts: all three runs ended with the same weights"
