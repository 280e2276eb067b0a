"""docs/tutorial.md: each of its commands is run, and prints what stands below it.

REWRITE_GOLDEN=1 writes what was printed into the page.
"""

import os
import re
import signal
import subprocess
import sys
import time

from demo.servers import ROOT, stop

PAGE = ROOT / "docs" / "tutorial.md"
STEP = re.compile(r"```sh\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)
LONGEST_START_S = 90
MASKS = {
    r"\d{8}t\d{6}-[0-9a-f]{8}": "RUN",
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}": "TIME",
    r"127\.0\.0\.1:\d+": "ADDRESS",
    r"(?m)^(public\.orders  [\w ,]*?)\d+\.\d\b": r"\1SECONDS",
    r" +": " ",
    r"(?m) $": "",
    r"[─━═]+": "─",
}


def masked(text: str) -> str:
    """The text without what differs each time."""
    for pattern, word in MASKS.items():
        text = re.sub(pattern, word, text)
    return text.strip()


def started(folder):
    """`make local`, up."""
    command = [sys.executable, "-m", "demo.local", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + LONGEST_START_S
    while not (folder / "environment").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return process


def printed(scripts, place):
    """What each of them prints, one after the other in one bash."""
    braced = [f"{{\n{script}\n}} >out_{n} 2>&1" for n, script in enumerate(scripts)]
    environ = {k: v for k, v in os.environ.items() if "EMULATOR" not in k and k != "PYTHONPATH"}
    environ |= {"NO_COLOR": "1", "TERM": "dumb"}
    subprocess.run(
        ["bash", "-c", "\n".join(braced)],
        cwd=place,
        env=environ,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return [(place / f"out_{n}").read_text(encoding="utf-8") for n in range(len(scripts))]


def test_each_command_prints_what_the_page_shows(tmp_path):
    page = PAGE.read_text(encoding="utf-8")
    steps = list(STEP.finditer(page))
    process = started(tmp_path / ".demo" / "local")
    try:
        outputs = printed([step[1] for step in steps], tmp_path)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        stop(process)
    if os.environ.get("REWRITE_GOLDEN"):
        for step, output in reversed(list(zip(steps, outputs, strict=True))):
            if step[2] is not None:
                text = "\n".join(line.rstrip() for line in output.strip().splitlines())
                page = page[: step.start(2)] + text + "\n" + page[step.end(2) :]
        PAGE.write_text(page, encoding="utf-8")
    shown = [masked(step[2] or "") for step in steps]
    assert [masked(output) for output in outputs] == shown or os.environ.get("REWRITE_GOLDEN")
    assert not (tmp_path / ".demo" / "local" / "environment").exists()
