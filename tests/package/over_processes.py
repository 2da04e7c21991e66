#!/usr/bin/env python3
"""The example trains over two and over three processes on loopback, each started as a user would.

    over_processes.py EXAMPLE
"""
import subprocess
import sys

LIMIT = 200  # s, of one run


def train(example, nodes):
    coordinator = subprocess.Popen([example, "coordinate", str(nodes)], stdout=subprocess.PIPE, text=True)
    started = []
    try:
        first = coordinator.stdout.readline()
        assert first.startswith("listens at "), first
        address = first.removeprefix("listens at ").strip()
        for i in range(nodes):
            started.append(subprocess.Popen([example, "node", address, f"n{i}"], stdout=subprocess.PIPE, text=True))
        said, _ = coordinator.communicate(timeout=LIMIT)
        print(said, end="")
        assert coordinator.returncode == 0, coordinator.returncode
        groups = [line for line in said.splitlines() if line.startswith("placed: ")]
        assert len(groups) == 1 and all(f" on n{i} " in groups[0] for i in range(nodes)), groups
        for each in started:
            told, _ = each.communicate(timeout=LIMIT)
            assert (each.returncode, told) == (0, "delivered\n"), (each.returncode, told)
    finally:
        for each in [coordinator, *started]:
            if each.poll() is None:
                each.kill()
                each.wait()


for count in (1, 2):
    train(sys.argv[1], count)
