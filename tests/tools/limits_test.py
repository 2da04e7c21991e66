"""What a process may use: processors by affinity and quota, threads by user and control group, memory. Arguments: the
program, the repository's root."""
import contextlib
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

from program import LIMIT, TINY, check, run, tiny_csv

NOBODY = 65534
PROGRAM, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
told = []  # what could not be shown on this system


def on_one_processor():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def affinity_decides_threads(home):
    devices = json.loads(run(PROGRAM, "devices", "--format", "json", preexec_fn=on_one_processor).stdout)
    check(devices["cpu"]["cores"] == 1, devices)
    if os.cpu_count() > 1:
        check("by affinity" in devices["cpu"]["limit"], devices)
    for command in ("train", "node"):
        text = run(PROGRAM, "help", command, preexec_fn=on_one_processor).stdout
        check(re.search(r"--threads N\b.*?\[1\]", text, re.DOTALL), command, text)
    data = tiny_csv(home)
    out = run(PROGRAM, "train", "--data", f"csv:{data}", "--model", "mlp:4-8x2-3", "--batch", "16", "--steps", "20",
              "--run", "one", cwd=home, preexec_fn=on_one_processor)
    check(out.returncode == 0 and "on 1 thread" in out.stdout, out)


def shell(function, root, affinity=True):
    script = f'set -euo pipefail; source "{ROOT}/tools/lib/limits.sh"; {function} "{root}"'
    out = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=LIMIT,
                         preexec_fn=None if affinity else on_one_processor)
    check(out.returncode == 0 and not out.stderr, function, out)
    return out.stdout.split()


def made_up(folder, files):
    root = pathlib.Path(tempfile.mkdtemp(dir=folder))
    for path, text in files.items():
        whole = root / path.lstrip("/")
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text)
    return root


UNIFIED = "30 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
TOP = "/sys/fs/cgroup"


def builds_ask_the_same(home):
    """The shell's answers on trees as in tests/runtime/process."""
    all_processors = len(os.sched_getaffinity(0))

    def processors(**files):
        return int(shell("usable_processors", made_up(home, files["files"]))[0])

    in_group = {"/proc/self/cgroup": "0::/a/b c\n", "/proc/self/mountinfo": UNIFIED}
    check(processors(files={}) == all_processors)
    check(processors(files={**in_group, f"{TOP}/a/b c/cpu.max": "max 100000\n"}) == all_processors)
    check(processors(files={**in_group, f"{TOP}/a/b c/cpu.max": "50000 100000\n"}) == 1)
    check(processors(files={**in_group, f"{TOP}/a/cpu.max": "149000 100000\n"}) == 1)
    check(processors(files={**in_group, f"{TOP}/a/cpu.max": "150000 100000\n"}) == min(2, all_processors))
    check(processors(files={**in_group, f"{TOP}/a/cpu.max": "lots\n"}) == all_processors)
    check(processors(files={"/proc/self/cgroup": "0::/docker/47\n", f"{TOP}/cpu.max": "100000 100000\n",
                            "/proc/self/mountinfo": "30 22 0:26 /docker/47 /sys/fs/cgroup ro - cgroup2 cgroup rw\n"}) == 1)
    check(processors(files={
        "/proc/self/cgroup": "4:cpu,cpuacct:/job\n1:name=systemd:/u\n0::/\n",
        "/proc/self/mountinfo": "31 22 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
                                "32 22 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
        f"{TOP}/cpu,cpuacct/job/cpu.cfs_quota_us": "-1\n", f"{TOP}/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n",
        f"{TOP}/cpu,cpuacct/cpu.cfs_quota_us": "100000\n", f"{TOP}/cpu,cpuacct/cpu.cfs_period_us": "100000\n"}) == 1)
    check(shell("usable_processors", made_up(home, {}), affinity=False) == ["1"])

    memory = made_up(home, {"/proc/meminfo": "MemTotal: 9000000 kB\nMemAvailable: 8388608 kB\n", **in_group,
                            f"{TOP}/a/memory.max": "4294967296\n", f"{TOP}/a/memory.current": "3221225472\n",
                            f"{TOP}/a/memory.stat": "anon 5\ninactive_file 1073741824\n",
                            f"{TOP}/memory.max": "max\n", f"{TOP}/memory.current": "5\n"})
    check(shell("available_kib", memory) == [str(2 << 20)])
    check(shell("available_kib", made_up(home, {"/proc/meminfo": "MemAvailable: 77 kB\n"})) == ["77"])


def few_threads(limit):
    """For a new process: so many threads for its user, who is not root."""
    def apply():
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))
    return apply


def commands(home):
    data = tiny_csv(home)
    training = ["train", "--data", f"csv:{data}", *TINY, "--steps", "20", "--run", "limited"]
    return {"train": training, "train with teams": [*training, "--intra-op", "3"],
            "local nodes": [*training, "--local-nodes", "2"],
            "node": ["node", "--join", "127.0.0.1:1", "--threads", "3"],
            "digits": ["train", "--steps", "5", "--threads", "2", "--run", "limited"],
            "bench": ["bench", "--quick", "--pairs", "1", "--seconds", "0.01", "--json", f"{home}/bench.json"]}


def refused_in_one_line(home, name, words, limit_said, preexec):
    out = run(PROGRAM, *words, cwd=home, preexec_fn=preexec, timeout=LIMIT)
    check(out.returncode in (1, 2), name, out)
    lines = out.stderr.strip().splitlines()
    check(len(lines) == 1 and limit_said in lines[0], name, out)
    check(not (home / "limited").exists(), name, "left a folder")


def a_users_limit_is_named(home):
    for name, words in commands(home).items():
        for limit in (1, 4):
            refused_in_one_line(home, f"{name}, {limit} threads", words, f"this user may have {limit} (ulimit -u)",
                                few_threads(limit))


def nobody_can_run(home):
    try:
        return run(PROGRAM, "--version", cwd=home, preexec_fn=few_threads(4)).returncode == 0
    except (PermissionError, subprocess.SubprocessError):
        return False


@contextlib.contextmanager
def group_with_few_threads(limit):
    """The folder of a new control group (version 1 or 2) with that limit; None where this system lets nobody make one."""
    lines = pathlib.Path("/proc/self/cgroup").read_text().splitlines()
    own = next((line.split(":", 2)[2] for line in lines if "pids" in line.split(":")[1].split(",")), None)
    base = "/sys/fs/cgroup/pids" + own if own is not None else "/sys/fs/cgroup" + lines[-1].split(":", 2)[2]
    folder = pathlib.Path(base) / f"syngrad-test-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError:
        yield None
        return
    try:
        try:
            (folder / "pids.max").write_text(str(limit))
        except OSError:
            yield None
            return
        yield folder
    finally:
        folder.rmdir()


def a_groups_limit_is_named(home):
    for limit in (2, 5):
        with group_with_few_threads(limit) as group:
            if not group:
                told.append("the limit of a control group: none can be made here")
                return
            join = lambda: (group / "cgroup.procs").write_text("0")  # noqa: E731
            for name in ("train", "node"):
                refused_in_one_line(home, f"{name}, a group of {limit}", commands(home)[name],
                                    f"pids.max of '{group}' is {limit}", join)


def enough_threads_are_enough(home):
    """One more than what the message asks for beside the program itself."""
    words = [*commands(home)["train"][:-1], "enough"]
    out = run(PROGRAM, *words, cwd=home, preexec_fn=few_threads(1))
    needed = int(re.search(r"it needs (\d+) more threads", out.stderr).group(1))
    with group_with_few_threads(needed + 1) as group:
        if not group:
            return
        out = run(PROGRAM, *words, cwd=home, preexec_fn=lambda: (group / "cgroup.procs").write_text("0"))
        check(out.returncode == 0, needed, out)


def memory_is_said_and_refused(home):
    out = run(PROGRAM, "train", "--credits", "65536", "--steps", "1000000000", "--batch", "10000", "--run", "limited",
              cwd=home)
    check(out.returncode == 2 and "--credits 65536: the batches that wait before the first group take" in out.stderr, out)
    check(not (home / "limited").exists(), "left a folder")


def main():
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        home.chmod(0o777)
        affinity_decides_threads(home)
        builds_ask_the_same(home)
        memory_is_said_and_refused(home)
        if nobody_can_run(home):
            a_users_limit_is_named(home)
            enough_threads_are_enough(home)
        else:
            told.append("a user's limit on threads: the program is out of another user's reach")
        a_groups_limit_is_named(home)
    for each in told:
        print("not shown here:", each)


main()
