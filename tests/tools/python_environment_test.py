"""The tests' Python environment, made with packages of an index on this machine: whole, interrupted, and without one."""
import functools
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

from program import check, folder

SOURCE = Path(__file__).parents[2]
PREPARE = """
set -euo pipefail
program=test root=$1
source "$2/tools/lib/setup.sh"
source "$2/tools/lib/python.sh"
code=0
state=$(prepare_python "$3") || code=$?
printf '%s\\n' "$state"
exit "$code"
"""


def write_wheel(path, name):
    """A package of one empty module."""
    info = f"{name}-1.0.dist-info"
    files = {f"{name}.py": "", f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
             f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
        wheel.writestr(f"{info}/RECORD", "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"]))


class quiet_handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve(index):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet_handler, directory=index))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def make_index(home, *names):
    for name in names:
        there = home / "index" / name
        there.mkdir(parents=True)
        wheel = there / f"{name}-1.0-py3-none-any.whl"
        write_wheel(wheel, name)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        (there / "index.html").write_text(f'<a href="{wheel.name}#sha256={digest}">{wheel.name}</a>')
    return home / "index"


with folder() as home:
    home = Path(home)
    root = home / "tree"
    (root / "tests/support").mkdir(parents=True)
    (root / "tests/tools").mkdir()
    shutil.copy(SOURCE / "tests/support/python", root / "tests/support")
    shutil.copy(SOURCE / "tests/tools/program.py", root / "tests/tools")
    shutil.copytree(SOURCE / "tools/lib", root / "tools/lib")
    wanted = root / "tests/requirements.txt"
    wanted.write_text("# what is needed\nsyngradone>=1.0\n\nsyngradtwo  # another\n")
    server = serve(make_index(home, "syngradone", "syngradtwo"))
    reachable = f"http://127.0.0.1:{server.server_address[1]}/"

    def prepare(index, torch=0):
        """Its exit code, its one line, and what it said meanwhile."""
        settings = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
        settings |= {"PIP_INDEX_URL": index, "PIP_CONFIG_FILE": os.devnull, "no_proxy": "127.0.0.1"}
        done = subprocess.run(["bash", "-c", PREPARE, "bash", root, SOURCE, str(torch)], env=settings, timeout=240,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        lines = done.stdout.splitlines()
        check(len(lines) == 1, "not one line:", done)
        return done.returncode, lines[0], done.stderr

    def import_in_tests(name):
        return subprocess.run([root / "tests/support/python", "-c",
                               f"import sys; sys.path.insert(0, {str(root / 'tests/tools')!r})\n"
                               f"from program import need\nprint(need({name!r})[0].__file__)"],
                              capture_output=True, text=True, timeout=60)

    # No index: said, and no failure; a test that needs a package is skipped and gives the reason.
    code, line, _ = prepare("http://127.0.0.1:9/")
    check(code == 0 and line.startswith("no package index can be reached") and line.endswith("are skipped"), code, line)
    skipped = import_in_tests("syngradone")
    check(skipped.returncode == 77 and "no package index can be reached" in skipped.stdout, skipped)
    check(len(skipped.stdout.splitlines()) == 1, skipped)
    code, line, _ = prepare("http://127.0.0.1:9/", torch=1)
    check(code == 1, "--with-torch without an index:", code, line)

    # An index: installed once, into the environment.
    code, line, said = prepare(reachable)
    check(code == 0 and line.startswith("ready") and "syngradone syngradtwo" in said, code, line, said)
    there = import_in_tests("syngradtwo")
    check(there.returncode == 0 and str(root / "build/python") in there.stdout, there)

    # Whole: it asks nobody.
    code, line, said = prepare("http://127.0.0.1:9/")
    check(code == 0 and line.startswith("ready") and said == "", code, line, said)

    # An installation that was interrupted, a package that was removed, a base that went away, a longer list.
    (root / "build/python/requirements.txt").unlink()
    code, line, said = prepare(reachable)
    check(code == 0 and line.startswith("ready") and "installing" in said, code, line, said)
    subprocess.run([root / "build/python/bin/python3", "-m", "pip", "uninstall", "-qy", "syngradone"], check=True)
    check(prepare(reachable)[0] == 0 and import_in_tests("syngradone").returncode == 0, "not put back")
    own = root / "build/python/bin/python3"
    own.unlink()
    own.symlink_to(home / "removed")
    check(import_in_tests("syngradone").returncode == 77, "a broken environment is taken")
    check(prepare(reachable)[0] == 0 and import_in_tests("syngradone").returncode == 0, "not made anew")
    wanted.write_text(wanted.read_text() + "syngradthree\n")
    code, line, _ = prepare(reachable)
    check(code == 1 and line.startswith("pip failed: ERROR") and "syngradthree" in line, code, line)
    server.shutdown()
