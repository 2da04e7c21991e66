"""Ctrl-C while the network to a node is away, for much longer than anybody waits here: the run ends, saves what it reaches
and gives 130."""
import json
import signal
import subprocess
import sys
from pathlib import Path

from program import LIMIT, TINY, check, folder, free_address, read_until, start, tiny_csv

program, relay_program = sys.argv[1:3]
AWAY_MS, RECONNECT_S = 1000 * 3600, 3600

with folder() as home:
    home = Path(home)
    where = free_address()
    relay = start(relay_program, home, "--listen", "0", "--to", where, stdin=subprocess.PIPE)
    through = f"127.0.0.1:{relay.stdout.readline().split()[-1]}"
    node = start(program, home, "node", "--join", through, "--name", "a", "--threads", 1, "--run", home / "a",
                 "--peer-timeout", 1, "--reconnect-for", RECONNECT_S)
    train = start(program, home, "train", *TINY, "--data", f"csv:{tiny_csv(home)}", "--steps", "1000000000", "--eval-every",
                  "50", "--run", home / "c", "--listen", where, "--nodes", "1", "--place", "0-1=cpu,2=a/cpu",
                  "--peer-timeout", 1, "--reconnect-for", RECONNECT_S, "--trace", "off")
    try:
        read_until(train, "test error")
        relay.stdin.write(f"cut {AWAY_MS}\n")
        relay.stdin.flush()
        said = read_until(train, "lost the connection to node a", train.stderr)
        train.send_signal(signal.SIGINT)
        out, err = train.communicate(timeout=LIMIT)
        check(train.returncode == 130, train.returncode, out, "".join(said), err)
        check("not saved here: the weights of group 2 (node a: " in out + err, out, err)
        check(json.loads((home / "c" / "summary.json").read_text())["end"] == "interrupted", out, err)
        check((home / "c" / "weights.safetensors").stat().st_size > 100, "no weights")
    finally:
        for each in (train, node, relay):
            if each.poll() is None:
                each.kill()
                each.wait()
