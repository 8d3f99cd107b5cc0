"""Undo of push: a new branch is deleted, one that was there goes back. What somebody added since stays."""

from push import send
from telling import Stopped, arguments, run, say
from workspace import ARGUMENTS, Part, Workspace


def main() -> int:
    workspace = Workspace.of(arguments(*ARGUMENTS))
    kept = [part.branch for part in workspace.parts if not take_back(workspace, part)]
    if kept:
        raise Stopped(
            f"Somebody committed to {', '.join(kept)} since. It stays; look at it before you delete it."
        )
    return 0


def take_back(workspace: Workspace, part: Part) -> bool:
    """Whether nothing of this request is left on the branch."""
    head = workspace.fetched(part, depth=2)
    if head == part.head:
        say(f"{part.branch} is as it was before: nothing to undo")
        return True
    if not head:
        say(f"{part.branch} is gone already")
        return True
    if not workspace.is_ours(head):
        return False
    send(workspace, part, part.head, expected=head)
    say(f"{part.branch} is back at {part.head[:12]}" if part.head else f"{part.branch} is deleted")
    return True


if __name__ == "__main__":
    run(main)
