"""recover, tail and merge as they are called: what they print, what they leave, what they refuse."""
import os
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))
from program import check, check_refused, folder, run  # noqa: E402

program, write_sample, record_until_killed = sys.argv[1:]


def tail(live, *options):
    return subprocess.Popen([program, "trace", "tail", live, *options], stdout=subprocess.PIPE, text=True)


def check_live_run(home):
    """A run that records, is looked at, and is killed."""
    counters = home / "counters"
    counters.write_bytes(bytes(24))
    live = home / "live"
    live.mkdir()
    recording = subprocess.Popen([record_until_killed, live, counters])
    while not any(counters.read_bytes()):
        check(recording.poll() is None, "nothing is recorded")
        os.sched_yield()

    result = run(program, "trace", "tail", live, "--limit", "2", "--every", "0.05")
    check(result.returncode == 0 and result.stdout.count("messages/s") == 2, result.stdout, result.stderr)
    check_refused(run(program, "trace", "recover", live), "the run still goes on", command="syngrad trace recover: ")

    interrupted = tail(live, "--every", "3600")
    check("messages/s" in interrupted.stdout.readline(), "no first view")
    interrupted.send_signal(signal.SIGINT)
    check(interrupted.wait(timeout=60) == 0, "Ctrl-C", interrupted.returncode)

    watching = tail(live, "--every", "0.05")
    check("messages/s" in watching.stdout.readline(), "no first view")
    recording.kill()
    recording.wait()
    last_words = watching.communicate(timeout=60)[0]
    check(watching.returncode == 0 and "The run was killed" in last_words, last_words)

    result = run(program, "trace", "recover", live, "--format", "csv")
    check(result.returncode == 0 and result.stderr.endswith(" 0 lost\n"), result.stdout, result.stderr)
    result = run(program, "trace", "tail", live)
    check("The run has ended." in result.stdout, result.stdout)


with folder() as home:
    home = Path(home)
    check_live_run(home)
    sample = home / "sample"
    subprocess.run([write_sample, sample], check=True)

    result = run(program, "trace", "tail", sample)
    check(result.returncode == 0 and "The run has ended." in result.stdout and "14 records, 0 lost" in result.stdout,
          result.stdout, result.stderr)
    check("\x1b" not in result.stdout and result.stdout.count("handled/s") == 1, result.stdout)

    result = run(program, "trace", "recover", sample)
    check(result.returncode == 0 and "nothing to recover" in result.stdout and "14 records, 0 lost" in result.stdout,
          result.stdout, result.stderr)

    merge = "syngrad trace merge: "
    check_refused(run(program, "trace", "merge", sample, sample), "--out", command=merge)
    check_refused(run(program, "trace", "merge", sample, sample, "--out", home / "out"), "both hold node 0",
                  command=merge)
    check_refused(run(program, "trace", "merge", sample, "--out", home / "out"), "usage", command=merge)
    check(not (home / "out").exists(), "a refused merge left a folder")

    with open(sample / "node0-000000.trace", "r+b") as file:
        file.seek(-70, 2)
        file.truncate()
    result = run(program, "trace", "export", sample, "csv")
    check(result.returncode == 0 and "no end mark" in result.stderr, result.stdout, result.stderr)
