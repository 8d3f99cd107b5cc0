"""`assent …`: thin commands over what the rest of the house does.

Exit codes: 0 good, 1 findings, 2 could not run. A command imports what it needs when it runs, so that
`assent --help` does not wait for the whole house; and the two processes that run for weeks do not hold
the command line.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from bot.cli import processes
from bot.terms import Refused


def main(args: Sequence[str] | None = None) -> None:
    """Run one command. What we decline is said in words; anything else is a bug and shows itself."""
    said = tuple(sys.argv[1:] if args is None else args)
    try:
        match said:
            case ("web",):
                processes.web()
            case ("worker",):
                processes.worker()
            case _:
                from bot.cli.app import app

                app(said, prog_name="assent")
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        sys.exit(2)
    except Exception:  # noqa: BLE001 - a bug is not a finding: with 1 a program would take it for one
        traceback.print_exc()
        sys.exit(2)
