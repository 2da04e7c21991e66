"""`syngrad generate` writes on with a run's network: streamed, the same for a seed, refused with the remedy."""
import json
import struct
import subprocess
import sys
from pathlib import Path

from program import LIMIT, check, check_refused, folder, run, tiny_csv

program = sys.argv[1]
SENTENCE = "na\u00efve \u65e5\u672c says yes.\n"
REFUSED = dict(command="syngrad generate: ")


def train(home, name, *options):
    done = run(program, "train", "--batch", "16", "--threads", "2", "--policy", "locked", "--deterministic", *options,
               "--run", home / name, cwd=home)
    check(done.returncode == 0, done)
    return home / name


def generate(*arguments, note=None):
    """Its standard output, as bytes. On the standard error stands nothing, or one line with `note`."""
    done = subprocess.run([program, "generate", *map(str, arguments)], capture_output=True, timeout=LIMIT)
    check(done.returncode == 0, done)
    said = done.stderr.decode().splitlines()
    check(len(said) == (note is not None) and (not said or note in said[0]), arguments, said)
    return done.stdout


def learnt(home):
    """Networks that know the sentence by heart write it, as far as they are asked to."""
    for model in ("gpt:1x32,heads=2,context=32", "lstm:1x32,chunk=16", "gru:1x32,chunk=16"):
        made = train(home, model.split(":")[0], "--data", f"text:{home}/text.txt", "--model", model, "--steps", "300",
                     "--lr", "1e-2", "--schedule", "none")
        about = json.loads((made / "data.json").read_text())
        check(sorted(set(SENTENCE)) == list(about["vocabulary"]["characters"]), about)
        likely = [made, "--prompt", SENTENCE[:3], "--temperature", "0"]
        written = generate(*likely, "--tokens", "100").decode()
        check(written == (SENTENCE * 9)[:103] + "\n" * (not (SENTENCE * 9)[:103].endswith("\n")), model, written)
        check(generate(*likely, "--tokens", "0") == SENTENCE[:3].encode() + b"\n", "the prompt alone")
        check(generate(made, "--temperature", "0", "--tokens", "5").decode() == SENTENCE[:5] + "\n", "without a prompt")


def drawn(home):
    made = home / "gpt"
    hot = ["--temperature", "5", "--tokens", "80", "--prompt", "y"]
    first = generate(made, *hot, "--seed", "7").decode()
    check(len(first.rstrip("\n")) == 81 and set(first) <= set(SENTENCE), first)
    check(first.encode() == generate(made, *hot, "--seed", "7"), "the same seed writes another text")
    check(first.encode() != generate(made, *hot, "--seed", "8"), "another seed writes the same text")
    check(generate(made, *hot, "--top-k", "1") == generate(made, "--temperature", "0", *hot[2:]), "one candidate")
    # From a file of options, which the command line overrides.
    ini = home / "generate.ini"
    ini.write_text("temperature = 5\ntokens = 80\nprompt = y\nseed = 8\n")
    check(generate(made, "--config", ini, "--seed", "7") == first.encode(), "options of a file")
    best = made / "weights.best.safetensors"
    check(generate(made, "--weights", best, "--tokens", "5").decode().count("") > 5, "the best weights")
    longer = generate(made, "--prompt", SENTENCE * 3, "--temperature", "0", "--tokens", "6", note="sees the last 32").decode()
    check(longer == SENTENCE * 3 + SENTENCE[:6] + "\n", longer)


def streamed(home):
    """What is made is there at once, and a reader that goes away ends it."""
    process = subprocess.Popen([program, "generate", home / "lstm", "--tokens", str(10 ** 9)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    check(len(process.stdout.read(100)) == 100, "ended early")
    process.stdout.close()
    said = process.stderr.read().decode()
    check(process.wait(LIMIT) == 0 and not said, process.returncode, said)


def other_vocabularies(home):
    made = train(home, "bytes", "--data", f"bytes:{home}/text.txt", "--model", "lstm:1x32,chunk=16", "--steps", "300",
                 "--lr", "1e-2", "--schedule", "none")
    text = SENTENCE.encode()
    written = generate(made, "--prompt", SENTENCE[:3], "--temperature", "0", "--tokens", "3")
    check(written == text[:7], "bytes stay those that were drawn", written)

    words = home / "tokens"
    words.mkdir()
    for name, count in (("train", 400), ("val", 100)):
        (words / f"{name}.bin").write_bytes(struct.pack(f"<{count}H", *(3 * i % 7 for i in range(count))))
    made = train(home, "numbers", "--data", f"tokens:{words}", "--model", "gpt:1x16,heads=2,context=8", "--steps", "200",
                 "--lr", "1e-2", "--schedule", "none")
    note = f"tokens are printed as their numbers: the data tokens:{words}"
    check(generate(made, "--prompt", "0 3", "--temperature", "0", "--tokens", "5", note=note) == b"0 3 6 2 5 1 4\n", "3 i mod 7")
    check(generate(made, "--temperature", "0", "--tokens", "2", note=note) == b"3 6\n", "from token 0")
    check_refused(run(program, "generate", made, "--prompt", "0 7"), "--prompt", "'7'", "from 0 to 6", **REFUSED)
    check_refused(run(program, "generate", made, "--prompt", " "), "--prompt", "blanks alone", "leave it out", **REFUSED)


def over_nodes(home):
    """The folder of a run over several processes has all that it takes."""
    options = ["--data", f"text:{home}/text.txt", "--model", "gpt:1x16,heads=2,context=8", "--steps", "20"]
    alone, many = train(home, "alone", *options), train(home, "many", *options, "--local-nodes", "2")
    check((alone / "data.json").read_bytes() == (many / "data.json").read_bytes(), "another data.json")
    check(generate(alone, "--tokens", "50") == generate(many, "--tokens", "50"), "another text")


def without_finite_weights(home):
    """The same file with a NaN for each number."""
    made = home / "gpt"
    content = bytearray((made / "weights.safetensors").read_bytes())
    begin = 8 + int.from_bytes(content[:8], "little")
    content[begin:] = b"\xff" * (len(content) - begin)
    (home / "nan.safetensors").write_bytes(content)
    check_refused(run(program, "generate", made, "--weights", home / "nan.safetensors"), "nan.safetensors", "not finite",
                  "weights.best.safetensors", code=1, **REFUSED)


def refused(home):
    made = home / "gpt"

    def check_line(arguments, *parts):
        check_refused(run(program, "generate", *arguments, cwd=home), *parts, **REFUSED)

    check_line([], "syngrad generate RUN")
    check_line([made, "yes"], "one run", "'yes'")
    check_line([home / "gone"], "gone: no such folder", "syngrad train")
    check_line([home], "no run.ini")
    check_line([made, "--prompt", "yes, Zoe"], "--prompt", "','", "at byte 3", "vocabulary of 12")
    check_line([made, "--temperature", "-1"], "--temperature", "at least 0")
    check_line([made, "--tokens", "many"], "--tokens", "whole number")
    check_line([made, "--topk", "5"], "--topk", "did you mean --top-k?")
    check_line([made, "--weights", "gone.safetensors"], "--weights", "gone.safetensors")
    check_line([made, "--weights", home / "lstm" / "weights.safetensors"], "lstm/weights.safetensors", "'0.position'",
               "gpt:1x32", "run.ini")
    vectors = train(home, "mlp", "--data", f"csv:{tiny_csv(home)}", "--model", "mlp:4-8x2-3", "--steps", "5")
    check(json.loads((vectors / "data.json").read_text())["features"][3]["name"] == "d", "features without names")
    check_line([vectors], "mlp/run.ini", "model mlp:4-8x2-3", "4 features", "gpt:4x64")

    about = (made / "data.json").read_text()
    for text, parts in ((about[:20], ["not what a run has written"]), (about.replace('"size": 12', '"size": 13'), ["of 12"]),
                        ((home / "bytes" / "data.json").read_text(), ["a vocabulary of 256", "12 outputs"]),
                        ((vectors / "data.json").read_text(), ["csv:", "no vocabulary", "text:FILE"])):
        (made / "data.json").write_text(text)
        check_line([made], "gpt/data.json", *parts)
    (made / "data.json").unlink()
    check_line([made], "gpt/data.json", "inputs and outputs stand for", "repeat")
    (made / "data.json").write_text(about)
    (made / "run.ini").write_text("steps = 5\n")
    check_line([made], "gpt/run.ini", "no model")
    (home / "lstm" / "weights.safetensors").unlink()
    check_line([home / "lstm"], "lstm/weights.safetensors: no such file", "--weights")


with folder() as home:
    home = Path(home)
    (home / "text.txt").write_text(SENTENCE * 60)
    learnt(home)
    drawn(home)
    streamed(home)
    other_vocabularies(home)
    over_nodes(home)
    without_finite_weights(home)
    refused(home)

shown = run(program, "generate", "--help")
check(shown.returncode == 0 and all(part in shown.stdout for part in ("--temperature T", "RUN", "[0.8]", "ROMEO:")), shown)
