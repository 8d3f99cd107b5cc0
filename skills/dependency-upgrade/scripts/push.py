"""Push each branch, if it still is where it was when the plan was made. Only what was tested is pushed."""

import git
from telling import Stopped, arguments, result, run, say
from workspace import ARGUMENTS, Part, Workspace


def main() -> int:
    workspace = Workspace.of(arguments(*ARGUMENTS))
    pushed = {part.branch: push(workspace, part) for part in workspace.parts}
    return result({"pushed": pushed})


def push(workspace: Workspace, part: Part) -> str:
    head = workspace.fetched(part)
    if head and head != part.head and workspace.is_ours(head):
        say(f"{part.branch} is at {head[:12]} already, by this request")
        return head
    if head != part.head:
        raise Stopped(
            f"Somebody moved {part.branch}: it was at {part.head[:12] or 'nothing'} and is at "
            f"{head[:12] or 'nothing'}. Plan again."
        )
    found = workspace.tested(part)
    if not found["passed"]:
        raise Stopped(f"The tests fail with {part.title}. It was not pushed.")
    commit = workspace.commit(part)
    send(workspace, part, commit, expected=part.head)
    say(f"{part.branch} is at {commit[:12]} now")
    return commit


def send(workspace: Workspace, part: Part, commit: str, *, expected: str) -> None:
    """Move the remote's branch from where it is expected; an empty commit deletes it."""
    ref = f"refs/heads/{part.branch}"
    words = (
        "push",
        "--quiet",
        "--no-verify",
        f"--force-with-lease={ref}:{expected}",
        "origin",
        f"{commit}:{ref}",
    )
    git.run(*words, folder=workspace.checkout.folder, repository=workspace.repository)


if __name__ == "__main__":
    run(main)
