"""Did this request write its pull requests? Exit 0: all. 1: not all, so it goes on. 2: nobody can tell."""

import sys

import body
from github import Pulls
from telling import Stopped, arguments, say
from workspace import ARGUMENTS, Workspace


def main() -> int:
    try:
        workspace = Workspace.of(arguments(*ARGUMENTS))
        pulls = Pulls.of(workspace.repository)
        if pulls is None:
            say("There is nothing to open here: a plain git remote")
            return 0
        found = [pulls.open_for(part.branch) for part in workspace.parts]
    except Stopped as silent:
        say(str(silent))
        return 2
    ours = [
        bool(one and (marks := body.marks(one["body"])) and marks[1] == workspace.request) for one in found
    ]
    say(f"{sum(ours)} of {len(ours)} pull requests are there by this request")
    return 0 if all(ours) else 1


if __name__ == "__main__":
    sys.exit(main())
