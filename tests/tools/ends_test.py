"""Runs that are ended from outside at random moments: weights whole wherever the training had begun, and exit code 130.
tests/bench/ends.py does it more often, and with larger networks."""
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))
from ends import ENDS, killed_soon, row_of
from program import check, tiny_csv

program = sys.argv[1]
MODEL = "mlp:4-8x2-3"
REPEATS = 3

with tempfile.TemporaryDirectory(prefix="syngrad-") as path:
    home = Path(path)
    arguments = ["--model", MODEL, "--batch", "16", "--threads", "2", "--data", f"csv:{tiny_csv(home)}", "--steps",
                 "1000000000", "--eval-every", "50"]
    for name, signals in ENDS:
        row, wrong = row_of(program, home, name, signals, REPEATS, "test", arguments, MODEL, 0.5)
        print(row)
        check(not wrong, wrong)
    row, wrong = killed_soon(program, home, REPEATS, "test", arguments, MODEL)
    print(row)
    check(not wrong, wrong)
