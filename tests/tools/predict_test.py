"""`syngrad predict` says for each row what a run's network makes of it: without labels, as csv and as npy."""
import csv
import io
import json
import struct
import sys
from pathlib import Path

from program import TINY, check, check_refused, folder, run, tiny_csv, trained

program = sys.argv[1]
REFUSED = dict(command="syngrad predict: ")


def train(home, name, *options):
    return trained(program, home, name, *options)


def predict(*arguments):
    done = run(program, "predict", *arguments)
    check(done.returncode == 0 and not done.stderr, arguments, done)
    return done.stdout


def read_npy(path):
    """Type, shape, and numbers."""
    data = path.read_bytes()
    check(data[:8] == b"\x93NUMPY\x01\x00", data[:8])
    size = int.from_bytes(data[8:10], "little")
    check((10 + size) % 64 == 0 and data[9 + size:10 + size] == b"\n", "numpy aligns its header")
    header = eval(data[10:10 + size])
    code = {"<f4": "f", "<i8": "q"}[header["descr"]]
    body = data[10 + size:]
    return header["descr"], header["shape"], list(struct.unpack(f"<{len(body) // struct.calcsize(code)}{code}", body))


def write_npy(path, kind, shape, numbers):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    code = {"<f4": "f", "|u1": "B"}[kind]
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(numbers)}{code}", *numbers))


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def classes(home):
    rows = list(csv.reader(tiny_csv(home).open()))
    words = {"0": "rose", "1": "lily, white", "2": "tulip"}
    named = home / "named.csv"
    named.write_text("\n".join(",".join(row[:4] + [f'"{words.get(row[4], "kind")}"']) for row in rows) + "\n")
    made = train(home, "named", "--data", f"csv:{named}", *TINY, "--steps", "150", "--optimizer", "adam", "--lr", "1e-2")
    bare = home / "bare.csv"
    bare.write_text("\n".join(",".join(row[:4]) for row in rows) + "\n")
    out = home / "out.csv"
    check(predict(made, "--data", bare, "--out", out) == "", "nothing is printed")
    said = rows_of(out.read_text())
    check(len(said) == 200 and list(said[0]) == ["class", "p_lily, white", "p_rose", "p_tulip"], said[0])
    right = sum(words[row[4]] == each["class"] for row, each in zip(rows[1:], said))
    evaluated = json.loads(run(program, "evaluate", made, "--data", named, "--format", "json").stdout)
    check(right == sum(evaluated["confusion"][i][i] for i in range(3)) > 150, right, evaluated)
    for each in said:
        shares = {name[2:]: float(value) for name, value in each.items() if name != "class"}
        check(abs(sum(shares.values()) - 1) < 1e-5 and shares[each["class"]] == max(shares.values()), each)
    # Labels are not looked at, whatever they are; other columns with names neither; their order does not count.
    check(predict(made, "--data", named, "--out", "-") == out.read_text(), "with labels")
    odd = home / "odd.csv"
    odd.write_text("\n".join(",".join([row[3], "note" if row is rows[0] else "?", row[1], row[0], row[2]]) for row in rows) + "\n")
    check(predict(made, "--data", odd, "--out", "-") == out.read_text(), "by names")
    only = predict(made, "--data", bare, "--out", "-", "--give", "class")
    check(rows_of(only) == [{"class": each["class"]} for each in said], only[:100])
    shares = home / "shares.npy"
    predict(made, "--data", bare, "--out", shares)
    kind, shape, numbers = read_npy(shares)
    check(kind == "<f4" and shape == (200, 3), kind, shape)
    check(all(abs(numbers[3 * i + j] - float(list(each.values())[1 + j])) < 1e-6 for i, each in enumerate(said) for j in range(3)), "others")
    predict(made, "--data", bare, "--out", home / "numbers.npy", "--give", "class")
    kind, shape, numbers = read_npy(home / "numbers.npy")
    names = ["lily, white", "rose", "tulip"]
    check(kind == "<i8" and shape == (200,) and [names[i] for i in numbers] == [each["class"] for each in said], kind, shape)
    check(predict(made, "--data", bare, "--out", "-", "--weights", "best").count("\n") == 201, "the best weights")
    return made, bare


def values_and_arrays(home):
    values = home / "values.csv"
    values.write_text("x,y,total,other\n" + "".join(f"{i % 7},{i % 5},{i % 7 - 2 * (i % 5)},{i % 7}\n" for i in range(200)))
    made = train(home, "values", "--data", f"csv:{values}", "--objective", "mse", "--targets", "total,other", "--model",
                 "mlp:2-16x1-2", "--batch", "16", "--steps", "300", "--policy", "locked", "--optimizer", "adam", "--lr", "1e-2")
    (home / "new.csv").write_text("x,y\n3,1\n0,4\n")
    said = rows_of(predict(made, "--data", home / "new.csv", "--out", "-"))
    check(list(said[0]) == ["total", "other"] and abs(float(said[0]["total"]) - 1) < 1 and abs(float(said[1]["total"]) + 8) < 2, said)
    # Bytes are images; an array of its own, without targets.
    pixels = [(i * 37 + j * 11 + 120 * (i % 2) * (j % 2)) % 256 for i in range(80) for j in range(4)]
    write_npy(home / "x.npy", "|u1", "(80, 4)", pixels)
    labels = home / "y.npy"
    write_npy(labels, "|u1", "(80,)", [i % 2 for i in range(80)])
    made = train(home, "arrays", "--data", f"npy:{home}/x.npy,{labels}", "--model", "mlp:4-16x1-2", "--batch", "16", "--steps", "60")
    said = rows_of(predict(made, "--data", home / "x.npy", "--out", "-"))
    check(len(said) == 80 and list(said[0]) == ["class", "p_0", "p_1"], said[0])
    write_npy(home / "floats.npy", "<f4", "(80, 4)", [each / 255 for each in pixels])
    check_refused(run(program, "predict", made, "--data", home / "floats.npy", "--out", "-"), "floats.npy", "bytes", **REFUSED)
    write_npy(home / "wide.npy", "|u1", "(20, 16)", pixels)
    check_refused(run(program, "predict", made, "--data", home / "wide.npy", "--out", "-"), "16 features", "takes 4", **REFUSED)


def images(home):
    need = __import__("zlib")

    def png(path, grey):
        def chunk(kind, body):
            return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", need.crc32(kind + body))
        lines = b"".join(b"\x00" + bytes([grey, 255 - grey]) for _ in range(2))
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0)) +
                         chunk(b"IDAT", need.compress(lines)) + chunk(b"IEND", b""))

    for kind, grey in (("dark", 20), ("light", 220)):
        (home / "pictures" / kind).mkdir(parents=True)
        for i in range(30):
            png(home / "pictures" / kind / f"{i:02}.png", grey + i)
    made = train(home, "pictures-run", "--data", f"images:{home}/pictures", "--model", "mlp:4-8x1-2", "--batch", "16", "--steps", "60")
    loose = home / "loose"
    loose.mkdir()
    png(loose / "a.png", 230)
    png(loose / "b.png", 25)
    said = rows_of(predict(made, "--data", f"images:{loose}", "--out", "-"))
    check([(Path(each["file"]).name, each["class"]) for each in said] == [("a.png", "light"), ("b.png", "dark")], said)


def refused(home, made, bare):
    def check_line(arguments, *parts, **more):
        check_refused(run(program, "predict", *arguments, cwd=home), *parts, **REFUSED, **more)

    check_line([], "syngrad predict RUN")
    check_line([made], "--data", "new.csv")
    check_line([made, "--data", bare], "--out", "predicted.csv")
    check_line([made, "--data", bare, "--out", "a.txt"], "--out", "--format")
    check_line([made, "--data", bare, "--out", home / "gone" / "a.csv"], "--out", "gone")
    check_line([made, "--data", "gone.csv", "--out", "-"], "--data", "gone.csv")
    check_line([made, "--data", "digits", "--out", "-"], "28x28", "takes 4")
    text = home / "text.txt"
    text.write_text("to be or not to be. " * 60)
    gpt = train(home, "gpt", "--data", f"text:{text}", "--model", "gpt:1x16,heads=2,context=12", "--batch", "8", "--steps", "3")
    check_line([gpt, "--data", f"text:{text}", "--out", "-"], "syngrad generate", "trained on the text")
    # What cannot be written leaves what was there.
    full = run(program, "predict", made, "--data", bare, "--out", "/dev/full", "--format", "csv")
    check(full.returncode == 1 and "/dev/full" in full.stderr, full)


with folder() as home:
    home = Path(home)
    made, bare = classes(home)
    values_and_arrays(home)
    images(home)
    refused(home, made, bare)

shown = run(program, "predict", "--help")
check(shown.returncode == 0 and all(part in shown.stdout for part in ("--data DATA", "--out FILE", "npy")), shown)
