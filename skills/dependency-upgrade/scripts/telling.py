"""How a script hears and speaks: arguments in, lines for people out, one object at the end."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

REFUSED = 3


class Stopped(Exception):
    """It cannot go on; the message is for the person and says what would be right."""


class Refusal(Stopped):
    """A plan looked and says no: nothing is wrong with the machine."""


def say(line: str) -> None:
    """A line of progress, for people, at once."""
    print(line, flush=True)


def result(content: dict[str, Any]) -> int:
    print(json.dumps(content, ensure_ascii=False, sort_keys=True), flush=True)
    return 0


def arguments(*names: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in names:
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_args()


def run(script: Callable[[], int]) -> None:
    """Run a script; what stops it is one line that people can read, and exit 1 (3 when it declines)."""
    try:
        sys.exit(script())
    except Refusal as no:
        print(json.dumps({"refused": str(no)}, ensure_ascii=False), flush=True)
        sys.exit(REFUSED)
    except Stopped as stopped:
        say(str(stopped))
        sys.exit(1)
