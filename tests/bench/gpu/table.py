"""The table of what a GPU must show: its rows, verdicts on what was measured, and its text as Markdown."""
import dataclasses

# key, what is measured, goal as it is written
ROWS = [
    ("operators", "the operator suite on cuda against references, f32 / bf16", "‖out-ref‖/‖ref‖ ≤ 1e-5 / 1e-2"),
    ("losses", "locked on cuda against locked on cpu, 100 steps MNIST", "losses within 1e-3"),
    ("errors", "MNIST test errors: locked 6,000 steps / synthetic ridge 6,000 / corrected ridge 3,000",
     "≤ 1.6 / 1.6 / 1.7 %, as on the CPU"),
    ("deterministic", "`--deterministic` twice", "equal bit for bit"),
    ("overlap", "4 groups of 4096-wide layers on one GPU: time with two or more streams busy", "≥ 25 %"),
    ("host_time", "the same run: host time per message, of groups and predictors", "≤ 20 us"),
    ("throughput", "MLP 8 x 4096, batch 4096, bf16, synthetic: matrix throughput against the GPU's cuBLASLt peak",
     "≥ 0.70"),
    ("torch_large", "the same model, locked, against PyTorch with CUDA graphs and bf16", "≥ 1.0x"),
    ("torch_small_synthetic", "784-256x5-10, batch 256: steps/s against PyTorch's synthetic policy", "≥ 5x"),
    ("torch_small_locked", "784-256x5-10, batch 256: steps/s against PyTorch's backprop", "≥ 1.5x"),
    ("memcheck", "compute-sanitizer memcheck on the gpu tests", "clean"),
    ("racecheck", "compute-sanitizer racecheck on the gpu tests", "clean"),
]

NOTES = """
`met` and `missed` compare with the goal; `failed` means that the part did not get to its number, and `not run` that what
it needs was not there, or no time was left. Ratios to PyTorch are medians of runs in turn. Matrix throughput counts the
products that a step needs: the linear predictor's repeated product is not among them. The bound on overlap is this
script's own.
"""


@dataclasses.dataclass(frozen=True)
class Outcome:
    measured: str
    verdict: str  # met | missed | failed | not run | rehearsed

    @staticmethod
    def judged(good, measured):
        return Outcome(measured, "met" if good else "missed")

    def rehearsed(self):
        """The same without a verdict: numbers of a rehearsal mean nothing."""
        return Outcome(self.measured, "rehearsed" if self.verdict in ("met", "missed") else self.verdict)

    @staticmethod
    def failed(why):
        return Outcome(why, "failed")

    @staticmethod
    def not_run(why=""):
        return Outcome(why, "not run")


def errors(measured, goals):
    """Test errors in %, None where one is missing."""
    text = " / ".join("-" if each is None else f"{each:.2f}" for each in measured) + " %"
    if None in measured:
        return Outcome.failed(text)
    return Outcome.judged(all(one <= goal for one, goal in zip(measured, goals)), text)


def ratio(ours, theirs, goal, remark=""):
    """Steps per second of pairs of runs."""
    pairs = sorted(a / b for a, b in zip(ours, theirs))
    middle = (pairs[(len(pairs) - 1) // 2] + pairs[len(pairs) // 2]) / 2
    text = f"{middle:.2f}x ({', '.join(f'{a:.1f} : {b:.1f}' for a, b in zip(ours, theirs))} steps/s){remark}"
    return Outcome.judged(middle >= goal, text)


def throughput(steps_per_s, needed_mflop, run_mflop, peak_gflops):
    """Of what a step needs against the peak; the share of all that is run stands beside it."""
    needed, run = (steps_per_s * mflop * 1e-3 / peak_gflops for mflop in (needed_mflop, run_mflop))
    text = (f"{needed:.2f} ({steps_per_s * needed_mflop * 1e-6:.1f} of {peak_gflops * 1e-3:.1f} TFLOP/s, "
            f"{steps_per_s:.1f} steps/s; {run:.2f} with repeated products)")
    return Outcome.judged(needed >= 0.70, text)


def cell(text):
    return " ".join(str(text).split()).replace("|", "\\|")


def table(outcomes, heading):
    """Markdown. Every row is there: one without an outcome was not run."""
    unknown = set(outcomes) - {key for key, _, _ in ROWS}
    if unknown:
        raise KeyError(f"no such rows: {sorted(unknown)}")
    lines = ["# On a GPU", "", heading, "", "    tools/gpu-check", "", "| what | goal | measured | verdict |",
             "|---|---|---|---|"]
    for key, what, goal in ROWS:
        outcome = outcomes.get(key, Outcome.not_run())
        lines.append(f"| {cell(what)} | {cell(goal)} | {cell(outcome.measured)} | {outcome.verdict} |")
    return "\n".join(lines) + "\n" + NOTES
