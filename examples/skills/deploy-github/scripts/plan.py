"""What a deployment would change: the commits between what is live and the tag. Reads only."""

import re
from typing import Any

from github import Missing, Repository
from script import Stopped, arguments, plan, result

SHOWN = 20
_RUN_NAME = re.compile(r"^run-name:.*\$\{\{\s*inputs\.marker\s*\}\}", re.MULTILINE)


def main() -> int:
    given = arguments("repository", "workflow", "environment", "tag")
    repository = Repository(given.repository, given.workflow)
    commit = repository.commit(given.tag)
    carries_the_marker(repository, commit)
    live = repository.live(given.environment)
    before = str(live["ref"]) if live else "nothing"
    answer: dict[str, Any] = {
        "target": {
            "identity": f"github/{given.repository}/{given.environment}",
            "revision": str(live["id"]) if live else "none",
        },
        "resolved": {"commit": commit, "previous": before},
    }
    if live and live["sha"] == commit:
        text = f"{given.repository} {given.tag} is live in {given.environment} already"
        nothing = {"changes": [], "details": f"{text}.", "undo": "nothing to undo"}
        return result({"summary": text, **nothing, **answer, "nothing_to_do": True})
    commits = repository.between(str(live["sha"]), commit) if live else []
    return result(
        {
            "summary": f"{given.repository} {before} → {given.tag} in {given.environment}{counted(commits)}",
            "changes": [{"what": given.repository, "from": before, "to": given.tag}],
            "details": "\n".join(details(given.workflow, given.tag, commit, commits)),
            **answer,
            "undo": f"run {given.workflow} with {before} again" if live else "only by ending the run",
            "nothing_to_do": False,
        }
    )


def carries_the_marker(repository: Repository, commit: str) -> None:
    """A run is found by the marker in its name, so a workflow that does not show it cannot be followed."""
    path = f".github/workflows/{repository.workflow}"
    try:
        text = repository.file(path, commit)
    except Missing:
        raise Stopped(f"{repository.name} has no {path} at {commit[:12]}.") from None
    if "workflow_dispatch" not in text or not _RUN_NAME.search(text):
        raise Stopped(
            f"{path} cannot be followed: it needs `on: workflow_dispatch` with the inputs environment and "
            "marker, and a `run-name:` with ${{ inputs.marker }} in it."
        )


def counted(commits: list[Any]) -> str:
    return f", {len(commits)} commit{'s' if len(commits) > 1 else ''}" if commits else ""


def details(workflow: str, tag: str, commit: str, commits: list[Any]) -> list[str]:
    lines = [f"{workflow} runs at {tag}, commit {commit[:12]}."]
    if commits:
        lines.append("New commits:")
    for one in commits[:SHOWN]:
        subject = one["commit"]["message"].splitlines()[0]
        lines.append(f"  {one['sha'][:7]} {subject} ({one['commit']['author']['name']})")
    if len(commits) > SHOWN:
        lines.append(f"  and {len(commits) - SHOWN} more")
    return lines


if __name__ == "__main__":
    plan(main)
