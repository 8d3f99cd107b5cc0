"""Open a pull request for each branch, or update the one that is open."""

from typing import Any

import body
import github
from github import Pulls
from telling import Stopped, arguments, result, run, say
from workspace import ARGUMENTS, Part, Workspace


def main() -> int:
    workspace = Workspace.of(arguments(*ARGUMENTS))
    pulls = Pulls.of(workspace.repository)
    offered = []
    for part in workspace.parts:
        if pulls is None:
            how = github.how_to_open(workspace.repository, workspace.base, part.branch)
            say(f"{part.title}: {how}")
            offered.append({"branch": part.branch, "open": how})
            continue
        found = offer(workspace, pulls, part)
        offered.append({"branch": part.branch, "number": found["number"], "url": found["html_url"]})
        say(f"{part.title}: {found['html_url']}")
    return result({"pull_requests": offered})


def offer(workspace: Workspace, pulls: Pulls, part: Part) -> dict[str, Any]:
    head = workspace.fetched(part)
    if not head or not workspace.is_ours(head):
        raise Stopped(f"{part.branch} is not as this request pushed it. Plan again.")
    tests = workspace.tested_at(part, head)
    existing = pulls.open_for(part.branch)
    marked = body.marks(existing["body"]) if existing else None
    opened = marked[0] if marked else workspace.request if existing is None else "somebody"
    text = body.written(part, tests=tests, request=workspace.request, opened=opened)
    if existing is None:
        return pulls.open(branch=part.branch, base=workspace.base, title=part.title, body=text)
    say(f"{part.branch} has pull request {existing['number']} already: it is updated")
    return pulls.change(existing["number"], title=part.title, body=text)


if __name__ == "__main__":
    run(main)
