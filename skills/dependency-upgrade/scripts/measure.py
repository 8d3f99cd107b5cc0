"""Measure what the remote has now. Nothing a step said is believed: branches are fetched, locks read again.

What could not be observed is left out: missing data never passes.
"""

from typing import Any

import body
import git
import locking
from github import Pulls
from telling import arguments, result, run, say
from workspace import ARGUMENTS, Part, Workspace


def main() -> int:
    workspace = Workspace.of(arguments(*ARGUMENTS))
    pulls = Pulls.of(workspace.repository)
    tests, files, versions, offered = [], 0, 0, 0
    for part in workspace.parts:
        head = workspace.fetched(part)
        if not head or not workspace.is_ours(head):
            say(f"{part.branch} is not there, or not by this request")
            continue
        files += len(unexpected_files(workspace, part, head))
        versions += len(unexpected_versions(workspace, part, head))
        tests.append(tested(workspace, part, head))
        offered += is_offered(workspace, pulls, part, head)
    observed: dict[str, Any] = {"offered_ratio": offered / len(workspace.parts)}
    if len(tests) == len(workspace.parts):
        observed |= {"unexpected_files": files, "unexpected_versions": versions}
        observed["tests"] = next((one for one in tests if one != "passed"), "passed")
    return result(observed)


def unexpected_files(workspace: Workspace, part: Part, head: str) -> list[str]:
    folder = workspace.checkout.folder
    names = git.run("diff", "--name-only", "-z", workspace.revision, head, folder=folder).split("\0")
    found = sorted({name for name in names if name} - workspace.allowed_files(part))
    for name in found:
        say(f"{part.branch} changes {name}, which is no part of the upgrade")
    return found


def unexpected_versions(workspace: Workspace, part: Part, head: str) -> list[locking.Move]:
    """Versions that differ between base and branch and were not approved, or the other way round."""
    folder, units = workspace.checkout.folder, workspace.units
    workspace.checkout.restore()
    before = {label: locking.held(folder, units[label]) for label in part.units}
    git.run("checkout", "--quiet", head, "--", ".", folder=folder)
    after = {label: locking.held(folder, units[label]) for label in part.units}
    workspace.checkout.restore()
    moves = {
        move for label in part.units for move in locking.moved(units[label], before[label], after[label])
    }
    found = sorted(moves ^ set(part.moves))
    for move in found:
        say(f"{part.branch}: {move.name} {move.before or 'new'} → {move.after or 'gone'} was not approved so")
    return found


def tested(workspace: Workspace, part: Part, head: str) -> str:
    """What was pushed is what was tested: else it is tested now."""
    if not workspace.tests:
        return "absent"
    found = workspace.tested_at(part, head)
    say(f"{part.branch}: tests {'passed' if found['passed'] else 'FAILED'} in {found['seconds']} s")
    return "passed" if found["passed"] else "failed"


def is_offered(workspace: Workspace, pulls: Pulls | None, part: Part, head: str) -> bool:
    """The branch is there; where pull requests can be opened, one is open with this commit and our text."""
    if pulls is None:
        return True
    found = pulls.open_for(part.branch)
    marked = body.marks(found["body"]) if found else None
    return bool(found and marked and marked[1] == workspace.request and found["head"]["sha"] == head)


if __name__ == "__main__":
    run(main)
