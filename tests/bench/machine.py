"""Where and when a table of results was made, the line that each opens with; and the file that it goes into."""
import datetime, os, pathlib, platform, subprocess


def processor():
    name, flags = platform.processor() or "unknown processor", ""
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            name = line.split(":")[1].strip()
        elif line.startswith("flags"):
            flags = line
    return name + (", AVX-512" if " avx512f" in flags else ", AVX2" if " avx2" in flags else "")


def commit():
    here = pathlib.Path(__file__).resolve().parent
    said = subprocess.run(["git", "-C", here, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return said or "unknown"


def described():
    return f"{processor()}, {os.cpu_count()} cores; {datetime.date.today()}; commit {commit()}."


class Page:
    """A file of results that grows line by line, on the terminal as well."""

    def __init__(self, path):
        self.path, self.lines = pathlib.Path(path), []

    def add(self, *lines):
        self.lines.extend(lines)
        print(*lines, sep="\n", flush=True)
        self.path.write_text("\n".join(self.lines) + "\n")
