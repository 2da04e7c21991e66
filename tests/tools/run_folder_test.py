"""A run's folder is its own: a second run is refused and touches nothing; one that is renamed is followed; one that is
removed is replaced, and said."""
import json
import os
import signal
import sys
from pathlib import Path

from program import LIMIT, TINY, check, check_refused, folder, read_until, remove, run, start, tiny_csv
from whole_weights import problem_with

program = sys.argv[1]
ENDLESS = ["--steps", "1000000000", "--eval-every", "50"]


def begin(home, name, *more):
    process = start(program, home, "train", *TINY, "--data", f"csv:{tiny_csv(home)}", *ENDLESS, "--run", name, *more)
    read_until(process, "test error")
    return process


def end(process):
    """Its last line, and what it said on standard error."""
    process.terminate()
    out, err = process.communicate(timeout=LIMIT)
    check(process.returncode == 130, process.returncode, out, err)
    return out.splitlines()[-1], err


def contents(mine):
    return {path: path.read_bytes() for path in mine.rglob("*") if path.is_file() and "trace" not in path.parts}


def two_at_once(home):
    """Ten that want one folder at once: one has it, the others name it and end with 2."""
    data = ["--data", f"csv:{tiny_csv(home)}"]
    many = [start(program, home, "train", *TINY, *data, *ENDLESS, "--run", "wanted", "--seed",
                  str(seed)) for seed in range(1, 11)]
    losers, winner = [], None
    for seed, each in enumerate(many, 1):
        if "results go to" in each.stdout.readline():
            check(winner is None, "two have the folder")
            winner = each, seed
        else:
            losers.append(each)
    check(winner is not None, [each.communicate() for each in losers])
    read_until(winner[0], "test error")
    for each in losers:
        _, err = each.communicate(timeout=LIMIT)
        check(each.returncode == 2, each.returncode, err)
        check(len(err.splitlines()) == 1 and "--run: folder 'wanted' " in err, err)
        # Who has just taken the folder has yet to write its number.
        check(any(said in err for said in ("holds a run already", "in use: process ", "in use: another process ")), err)
    late = run(program, "train", *TINY, *data, "--run", "wanted", cwd=home)
    check_refused(late, "--run", f"folder 'wanted' is in use: process {winner[0].pid} on ")
    last, _ = end(winner[0])
    check(last.endswith("results in wanted"), last)
    mine = home / "wanted"
    check(f"seed = {winner[1]}\n" in (mine / "run.ini").read_text(), "the options of another run")
    problem = problem_with(mine / "weights.safetensors", TINY[1])
    check(problem is None, problem)
    left = sorted(path.name for path in mine.iterdir() if not path.name.startswith(("events.", "weights.best.")))
    check(left == ["checkpoints", "data.json", "metrics.csv", "report.html", "run.ini", "summary.json", "trace", "weights.safetensors"], left)


def renamed(home):
    process = begin(home, "before")
    (home / "before").rename(home / "after")
    said = read_until(process, "was renamed", process.stderr)[-1]
    check("'before' was renamed: it is 'after' now" in said, said)
    read_until(process, "test error")
    last, err = end(process)
    check(last.endswith("results in after"), last)
    check("'before' was renamed" in err.splitlines()[-1], err)
    check(not (home / "before").exists(), "the old name is back")
    mine = home / "after"
    check(problem_with(mine / "weights.safetensors", TINY[1]) is None, "weights")
    check((mine / "report.html").exists() and (mine / "summary.json").exists(), list(mine.iterdir()))
    check(run(program, "trace", "check", mine).returncode == 0, "trace")
    check(not list(mine.rglob("*.rings")) and not list(mine.glob(".*")), list(mine.rglob("*")))


def removed(home):
    process = begin(home, "gone")
    remove(home / "gone")
    said = read_until(process, "was removed", process.stderr)[-1]
    check("'gone' was removed" in said and "go to 'gone'" in said, said)
    read_until(process, "test error")
    last, err = end(process)
    check(last.endswith("results in gone"), last)
    check("'gone' was removed" in err.splitlines()[-1], err)
    mine = home / "gone"
    check(problem_with(mine / "weights.safetensors", TINY[1]) is None, "weights")
    rows = (mine / "metrics.csv").read_text().splitlines()
    check(rows[1].startswith("50,") and len(rows) > 2, rows[:3])
    check(json.loads((mine / "summary.json").read_text())["end"] == "interrupted", "summary")


def replaced(home):
    """Removed, and another run has taken its name: it keeps what it has."""
    first = begin(home, "mine")
    first.send_signal(signal.SIGSTOP)  # it shall not see the name that the folder has while it is removed
    os.waitid(os.P_PID, first.pid, os.WSTOPPED | os.WNOWAIT)
    (home / "mine").rename(home / "bin")
    remove(home / "bin")
    first.send_signal(signal.SIGCONT)
    second = start(program, home, "train", *TINY, "--data", f"csv:{tiny_csv(home)}", "--steps", "50", "--run", "mine",
                   "--seed", "7")
    out, err = second.communicate(timeout=LIMIT)
    if second.returncode == 2:  # the first one was quicker, and is back under its name
        check("'mine' is in use" in err or "'mine' holds a run already" in err, err)
        last, _ = end(first)
        check(last.endswith("results in mine"), last)
        return
    check(second.returncode == 0, second.returncode, out, err)
    theirs = contents(home / "mine")
    last, _ = end(first)
    check(last.endswith("results in mine-2"), last)
    check(contents(home / "mine") == theirs, "what the second run had was touched")
    check(problem_with(home / "mine-2" / "weights.safetensors", TINY[1]) is None, "weights")


with folder() as there:
    for each in (two_at_once, renamed, removed, replaced):
        home = Path(there) / each.__name__
        home.mkdir()
        each(home)
