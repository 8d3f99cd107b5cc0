"""`python -m tests`: everything that must hold, in one command. CI runs the same.

Every part runs, also after one that failed, so that one run tells all there is to repair.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = Path(sysconfig.get_path("scripts"))
WIDTH = 100
HANGS_S = 240
"""No test takes so long: one that does says where it hangs, and ends the run of the tests."""
AT_ONCE = 4
"""Files of tests side by side: on two cores they mostly wait for processes, browsers and clocks."""
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

APART = {"browser": ("**/test_page*.py", "**/test_*browser*.py")}
"""What needs Chromium, by its files: it can be left out while working on something else."""
MODEL = "tests/model"
"""Every order of events against an auditor: nothing in it waits, so each of its tests takes a core."""
CHAOS = "tests/chaos"
"""Leases run out there while processes are killed: its tests have the machine to themselves."""


@dataclass(frozen=True, slots=True)
class Part:
    """One program that must end with 0."""

    name: str
    about: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a part ended; `closing` is the last line it printed, which says what it looked at."""

    part: Part
    code: int
    seconds: float
    closing: str


def parts(without: Sequence[str]) -> list[Part]:
    """All of them, the quick ones first."""
    python = (sys.executable, "-m")
    left_out = [
        CHAOS,
        MODEL,
        *(path for name in without for one in APART.get(name, ()) for path in _found(one)),
    ]
    hangs = ("-o", f"faulthandler_timeout={HANGS_S}", "-o", "faulthandler_exit_on_timeout=true")
    beside = ("-n", str(AT_ONCE), "--dist", "loadfile")
    each = ("-n", "2", "--dist", "worksteal")
    pytest = (*python, "pytest", "-rs", "--durations=15", "--durations-min=1", *hangs)
    everything = [
        Part("format", "every file is formatted", (*python, "ruff", "format", "--check", ".")),
        Part("lint", "no rule of ruff is broken", (*python, "ruff", "check", ".")),
        Part("types", "strict types", (*python, "mypy")),
        Part("contracts", "the three import contracts", (str(SCRIPTS / "lint-imports"), "--no-logo")),
        Part("tests", "every behaviour", (*pytest, *beside, *(f"--ignore={path}" for path in left_out))),
        Part("model", "every order of events, against an auditor", (*pytest, *each, MODEL)),
        Part("chaos", "workers and Redis killed and stopped", (*pytest, CHAOS)),
        Part("demo", "the main job, end to end", (*python, "bot.cli", "demo")),
    ]
    return [part for part in everything if part.name not in without]


def run(part: Part, *, number: int, of: int) -> Ended:
    """Show what it says as it says it, and keep its last line."""
    _say(f"\n━━ {number}/{of} {part.name}: {part.about} ".ljust(WIDTH, "━"))
    _say("$ " + " ".join(Path(word).name if index == 0 else word for index, word in enumerate(part.argv)))
    began = time.monotonic()
    said = bytearray()
    with subprocess.Popen(
        part.argv, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
    ) as process:
        assert process.stdout is not None
        while chunk := process.stdout.read(1 << 14):
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
            said += chunk
    lines = _COLOUR.sub("", said.decode(errors="replace")).strip().splitlines() or ["it said nothing"]
    return Ended(part, process.returncode, time.monotonic() - began, lines[-1].strip().strip("= "))


def summary(ended: Sequence[Ended]) -> str:
    """One line a part, and one for all of them."""
    rows = []
    for one in ended:
        verdict = "ok" if one.code == 0 else "FAILED"
        rows.append(f"  {verdict:<8}{one.part.name:<10}{one.seconds:>6.1f} s  {one.closing}")
    failed = [one.part.name for one in ended if one.code != 0]
    total = f"{sum(one.seconds for one in ended):.0f} s"
    all_of_it = (
        f"{len(failed)} of {len(ended)} parts failed: {', '.join(failed)}." if failed else "All holds."
    )
    return "\n".join([*rows, "", f"{all_of_it} ({total})"])


def main() -> int:
    """0 when every part ended with 0, else 1."""
    known = ("format", "lint", "types", "contracts", "tests", "model", "chaos", "demo", *APART)
    arguments = argparse.ArgumentParser(prog="python -m tests", description=__doc__)
    arguments.add_argument(
        "--without",
        nargs="+",
        default=[],
        choices=known,
        metavar="PART",
        help=f"leave out: {', '.join(known)}",
    )
    chosen = parts(arguments.parse_args().without)
    ended = []
    try:
        for number, part in enumerate(chosen, start=1):
            ended.append(run(part, number=number, of=len(chosen)))
    except KeyboardInterrupt:
        return 130
    _say("\n" + "━" * WIDTH)
    _say(summary(ended))
    return 1 if any(one.code for one in ended) else 0


def _found(pattern: str) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests").glob(pattern))


def _environment() -> dict[str, str]:
    """Unbuffered, so that progress is seen; in colour only where somebody looks."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if sys.stdout.isatty():
        environment |= {"FORCE_COLOR": "1", "MYPY_FORCE_COLOR": "1"}
    return environment


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
