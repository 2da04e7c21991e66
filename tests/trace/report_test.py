"""A browser draws every picture of the report: on a wide screen and on a phone, in light and dark, without a word on
the console. Skipped where there is no Chromium."""
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

SKIPPED = 77
FIGURES = ["busy", "shares", "path-category", "path-actor", "locks", "latency", "queues", "staleness",
           "staleness-time", "cosine", "prediction-size", "activation-size", "bytes"]
WIDE, PHONE = 1280, 390

# Runs in a page around the report's frame. Says what of the report is drawn, and where.
PROBE = """
const frame = document.getElementById('frame');
frame.onload = () => {
  const report = frame.contentDocument, view = frame.contentWindow;
  const size = box => [box.width, box.height];
  const figures = {};
  for (const section of report.querySelectorAll('.figures > section')) {
    const pictures = [...section.querySelectorAll('svg')].filter(svg => svg.getBoundingClientRect().width > 0);
    figures[section.id] = {
      pictures: pictures.map(svg => size(svg.getBoundingClientRect())),
      content: pictures.map(svg => { const box = svg.getBBox(); return [box.x, box.y, box.x + box.width,
                                     box.y + box.height, ...svg.getAttribute('viewBox').split(' ').map(Number)]; }),
      marks: pictures.map(svg => [...svg.querySelectorAll('rect,polyline,circle')].filter(
        mark => mark.getBoundingClientRect().width > 0).length),
      unpainted: pictures.map(svg => [...svg.querySelectorAll('rect,circle')].filter(
        mark => ['none', 'rgb(0, 0, 0)'].includes(view.getComputedStyle(mark).fill)).length),
      smallest: Math.min(...pictures.map(svg => 12 * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)),
      empty: section.querySelectorAll('.empty').length};
  }
  const answer = {figures, scrollWidth: report.documentElement.scrollWidth, width: view.innerWidth,
                  background: view.getComputedStyle(report.body).backgroundColor};
  document.getElementById('answer').textContent = JSON.stringify(answer);
};
frame.srcdoc = document.getElementById('source').textContent;
"""


def check(condition, *what):
    if not condition:
        print("failed:", *what)
        sys.exit(1)


def browse(chromium, folder, report, width, dark=False):
    """What PROBE found, and what was written to the console."""
    page = Path(folder) / "probe.html"
    page.write_text(f"<!doctype html><script type='text/plain' id='source'>{report.read_text()}</script>"
                    f"<iframe id='frame' width='{width}' height='900' style='border:0'></iframe>"
                    f"<pre id='answer'></pre><script>{PROBE}</script>")
    result = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile",
         "--enable-logging=stderr", "--window-size=1400,1000", "--virtual-time-budget=10000",
         f"--blink-settings=preferredColorScheme={0 if dark else 1}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120)
    found = re.search(r'<pre id="answer">(.*?)</pre>', result.stdout, re.DOTALL)
    check(found and found[1], "the page was not measured:", result.stdout[-500:], result.stderr[-2000:])
    console = [line for line in result.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(found[1])), console


def check_pictures(report, width, console):
    check(not console, console)
    check(report["width"] == width, report["width"])
    check(report["scrollWidth"] <= width, "scrolls sideways:", report["scrollWidth"], width)
    check(list(report["figures"]) == FIGURES, list(report["figures"]))
    for name, figure in report["figures"].items():
        check(figure["empty"] == 0 and len(figure["pictures"]) == 1, name, figure)
        check(figure["pictures"][0][0] > 300 and figure["pictures"][0][1] > 60, name, figure)
        check(figure["pictures"][0][0] <= width, name, "is wider than the screen", figure)
        check(figure["marks"][0] > 0, name, "has no mark", figure)
        check(figure["unpainted"][0] == 0, name, "has marks without a colour of the page", figure)
        left, top, right, bottom, *_, view_width, view_height = figure["content"][0]
        check(left >= -1 and top >= -1 and right <= view_width + 1 and bottom <= view_height + 1,
              name, "is cut off at its edge", figure)
        check(figure["smallest"] >= 10, name, "type is too small:", figure["smallest"])


def brightness(colour):
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3


def check_well_formed(report):
    for svg in re.findall(r"<svg.*?</svg>", report.read_text(), re.DOTALL):
        ElementTree.fromstring(svg)


def main():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        print("skipped: no chromium, chromium-browser or google-chrome; install one to run this test")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory(prefix="syngrad-", ignore_cleanup_errors=True) as folder:
        subprocess.run([sys.argv[1], folder], check=True)
        full, empty = Path(folder) / "full.html", Path(folder) / "empty.html"
        check_well_formed(full)
        light, console = browse(chromium, folder, full, WIDE)
        check_pictures(light, WIDE, console)
        dark, console = browse(chromium, folder, full, WIDE, dark=True)
        check_pictures(dark, WIDE, console)
        check(brightness(light["background"]) > 230 > 50 > brightness(dark["background"]), light["background"],
              dark["background"])
        phone, console = browse(chromium, folder, full, PHONE)
        check_pictures(phone, PHONE, console)
        nothing, console = browse(chromium, folder, empty, PHONE)
        check(not console and nothing["scrollWidth"] <= PHONE, console, nothing)
        check(all(figure["empty"] == 1 and not figure["pictures"] for figure in nothing["figures"].values()), nothing)
        check(list(nothing["figures"]) == FIGURES, nothing)


main()
