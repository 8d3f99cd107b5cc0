"""Did this request push its branches? Exit 0: all. 1: not all, so it goes on. 2: nobody can tell."""

import sys

from telling import Stopped, arguments, say
from workspace import ARGUMENTS, Workspace


def main() -> int:
    try:
        workspace = Workspace.of(arguments(*ARGUMENTS))
        ours = [bool(head := workspace.fetched(part)) and workspace.is_ours(head) for part in workspace.parts]
    except Stopped as silent:
        say(str(silent))
        return 2
    say(f"{sum(ours)} of {len(ours)} branches are there by this request")
    return 0 if all(ours) else 1


if __name__ == "__main__":
    sys.exit(main())
