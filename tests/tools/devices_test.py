"""`syngrad devices` lists the cpu and says why there is no GPU; `train` computes where it is told to, or says why not."""
import json
import sys
from pathlib import Path

from program import TINY, check, check_refused, folder, run, tiny_csv

program = sys.argv[1]

shown = run(program, "devices")
check(shown.returncode == 0 and not shown.stderr, shown)
check(any(line.split()[:2] == ["cpu", "yes"] for line in shown.stdout.splitlines()), shown.stdout)

listed = run(program, "devices", "--format", "json")
check(listed.returncode == 0, listed)
found = json.loads(listed.stdout)
check(found["cpu"]["cores"] >= 1, found)
usable = [gpu["device"] for gpu in found["cuda"]["devices"] if gpu["problem"] is None]
check(bool(found["cuda"]["devices"]) != bool(found["cuda"]["problem"]), "devices, or a reason for none:", found)
if found["cuda"]["problem"]:
    check(f"no GPU: {found['cuda']['problem']}" in shown.stdout, shown.stdout)
check_refused(run(program, "devices", "--format", "xml"), "--format", "table or json", command="syngrad devices: ")

with folder() as home:
    data = f"csv:{tiny_csv(home)}"
    before = set(Path(home).iterdir())
    refused = [
        (["--device", "gpu"], ["--device", "cpu or cuda:N", "did you mean cuda:0?", "syngrad devices"]),
        (["--device", "cuda:1023"], ["cuda:1023", "syngrad devices"]),
        (["--place", "1=cuda:1023"], ["cuda:1023", "syngrad devices"]),
        (["--place", "0-1=cpu,1=cuda:0"], ["--place", "group 1 is placed twice", "cpu", "cuda:0"]),
        (["--place", "3=cpu"], ["--place", "no group 3", "0 to 2"]),
        (["--place", "0=a/cpu"], ["--place", "'a/cpu' names a node"]),
        (["--place", "0:cpu"], ["--place", "GROUPS=DEVICE", "'0:cpu'"]),
        (["--precision", "bf16"], ["--precision", "bf16", "on the cpu", "--device cuda:0"]),
        (["--precision", "fp8"], ["--precision", "f32, tf32 or bf16"]),
        (["--cuda-graphs", "on"], ["--cuda-graphs"]),
    ]
    if not usable:
        refused.append((["--device", "cuda:0"], ["cuda:0: ", found["cuda"]["problem"] or ""]))
    for arguments, parts in refused:
        check_refused(run(program, "train", *TINY, "--data", data, *arguments, cwd=home), *parts)
    check(set(Path(home).iterdir()) == before, "a refused run left:", list(Path(home).iterdir()))

    # Placed by hand and by default, the same devices give the same bytes.
    options = [*TINY, "--data", data, "--steps", "40", "--deterministic"]
    first, second = Path(home) / "first", Path(home) / "second"
    done = run(program, "train", *options, "--place", "0-1=cpu", "--run", first)
    check(done.returncode == 0, done)
    check("place = 0-1=cpu\n" in (first / "run.ini").read_text(), (first / "run.ini").read_text())
    again = run(program, "train", *options, "--run", second)
    check(again.returncode == 0, again)
    check((first / "weights.safetensors").read_bytes() == (second / "weights.safetensors").read_bytes(), "other weights")
    summary = json.loads((first / "summary.json").read_text())
    (device,) = summary["devices"]
    check(device["device"] == "cpu" and device["groups"] == "0-2", device)
    check(device["memory_bytes"] == summary["device_bytes"] > 0 and device["allocations"] > 0, summary)
