"""Undo of pull_request: close what this request opened; what was open before stays and says what happened."""

import body
from github import Pulls
from telling import arguments, run, say
from workspace import ARGUMENTS, Workspace


def main() -> int:
    workspace = Workspace.of(arguments(*ARGUMENTS))
    pulls = Pulls.of(workspace.repository)
    for part in workspace.parts if pulls else ():
        found = pulls.open_for(part.branch)
        marked = body.marks(found["body"]) if found else None
        if marked is None or marked[1] != workspace.request:
            say(f"{part.branch} has no pull request by this request: nothing to undo")
        elif marked[0] == workspace.request:
            pulls.change(found["number"], state="closed")
            say(f"Pull request {found['number']} is closed")
        else:
            pulls.change(found["number"], body=body.taken_back(found["body"], workspace.request))
            say(f"Pull request {found['number']} was open before: it says that the update was taken back")
    return 0


if __name__ == "__main__":
    run(main)
