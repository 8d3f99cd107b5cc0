"""What every script does alike: take arguments, say lines, end with one that people can read."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any, NoReturn

REFUSED = 3


class Stopped(Exception):
    """It does not go on; the text says why and what would be right."""


class Silent(Stopped):
    """Somebody who had to be asked does not answer, so nobody knows."""


def say(line: str) -> None:
    """A line of progress, for people, at once."""
    print(line, flush=True)


def result(content: dict[str, Any]) -> int:
    print(json.dumps(content, ensure_ascii=False), flush=True)
    return 0


def arguments(*names: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in names:
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_args()


def run(script: Callable[[], int]) -> NoReturn:
    """Run a script; what stops it is one line that people can read, and exit 1."""
    try:
        sys.exit(script())
    except Stopped as stopped:
        say(str(stopped))
        sys.exit(1)


def plan(script: Callable[[], int]) -> NoReturn:
    """Like `run`, of a plan: what stops it is what the person who asked is told."""
    try:
        sys.exit(script())
    except Stopped as stopped:
        result({"refused": str(stopped)})
        sys.exit(REFUSED)


def probe(script: Callable[[], int]) -> NoReturn:
    """Like `run`, of a probe: 0 it happened, 1 it did not, 2 when nobody can tell."""
    try:
        sys.exit(script())
    except Stopped as stopped:
        say(str(stopped))
        sys.exit(2)
