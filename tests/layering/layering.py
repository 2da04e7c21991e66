#!/usr/bin/env python3
"""Reads every #include of the project and names those that break its layers.

    layering.py ROOT      prints FILE:LINE: what is wrong, one a line; exits 1 where there is any

Lower layers know nothing of higher ones, each foreign library stays where it is wrapped, and below runtime/, actors/ and
tools/ no two folders include each other, neither directly nor over others.
"""

import pathlib
import re
import sys

LAYERS = ["runtime", "models", "actors", "tools"]  # each may include itself and those before it
FOLDERS = LAYERS + ["tests"]  # tests may include all; nothing else includes tests
SUFFIXES = {".hpp", ".cpp", ".cu", ".cuh", ".h"}

# Headers of foreign libraries, and the folders that may include them.
FOREIGN = [
    ("CUDA", re.compile(r"(cuda|cublas|cudnn|curand|cusolver|nvtx|nvml|cub/|thrust/|cutlass|cooperative_groups)"),
     ["runtime/cuda/"]),
    ("CAF", re.compile(r"caf/"), ["actors/", "tools/", "tests/"]),
    ("oneDNN", re.compile(r"(oneapi/)?dnnl"), ["runtime/cpu/"]),
    ("Eigen", re.compile(r"(unsupported/)?Eigen/"), ["runtime/cpu/"]),
    ("nlohmann-json", re.compile(r"nlohmann/"), ["runtime/io/", "models/network", "actors/checkpoints/", "tools/trace/report/",
                                                  "tools/run_folder/"]),
]

# Where folders must not include each other.
WITHOUT_CIRCLES = ("runtime", "actors", "tools")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
ABSOLUTE = re.compile(r'"/(home|root|work|Users|opt|mnt)/')


def layer_fault(folder, target):
    """What is wrong with a file in `folder` including "target", a path below the root; None if nothing."""
    included = target.split("/")[0]
    if included not in FOLDERS:
        return "is not a path from the root of the repository"
    if folder == "tests":
        return None
    if included == "tests" or LAYERS.index(included) > LAYERS.index(folder):
        return f"{folder}/ must not know {included}/"
    return None


def line_faults(root, path, line):
    match = INCLUDE.match(line)
    if not match:
        if ABSOLUTE.search(line):
            yield "names an absolute path of one machine"
        return
    quote, target = match.groups()
    if target.startswith("/"):
        yield f"includes {target}: an absolute path"
        return
    for name, pattern, homes in FOREIGN:
        if pattern.match(target) and not any(path.startswith(home) for home in homes):
            yield f"includes {target}: {name} belongs under {' '.join(homes)}"
    if quote == '"':
        fault = layer_fault(path.split("/")[0], target)
        if not fault and not (root / target).is_file():
            fault = "does not exist"
        if fault:
            yield f"includes {target}: {fault}"


def folder_of(path):
    return path.rpartition("/")[0]


def reachable(edges, start):
    """All folders that the files of `start` include, directly or over others."""
    seen, waiting = set(), [start]
    while waiting:
        for target in edges.get(waiting.pop(), ()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def circle_faults(includes):
    """`includes`: of (path, line number, target); names each include by which a folder reaches itself."""
    crossing = []
    for path, number, target in includes:
        pair = folder_of(path), folder_of(target)
        if pair[0] != pair[1] and path.startswith(WITHOUT_CIRCLES):
            crossing.append((*pair, path, number, target))
    edges = {}
    for source, included, *_ in crossing:
        edges.setdefault(source, set()).add(included)
    reach = {folder: reachable(edges, folder) for folder in edges}
    for source, included, path, number, target in crossing:
        if source in reach.get(included, ()):
            yield f"{path}:{number}: includes {target}: {included}/ includes {source}/, too, or over others"


def faults(root):
    root = pathlib.Path(root)
    includes = []
    for file in sorted(f for folder in FOLDERS for f in (root / folder).rglob("*") if f.suffix in SUFFIXES):
        path = file.relative_to(root).as_posix()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if match and match.group(1) == '"':
                includes.append((path, number, match.group(2)))
            for fault in line_faults(root, path, line):
                yield f"{path}:{number}: {fault}"
    yield from circle_faults(includes)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    found = list(faults(sys.argv[1]))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
