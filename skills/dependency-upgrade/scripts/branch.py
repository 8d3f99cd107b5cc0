"""Take a private copy of the repository at the approved commit. If the base branch moved, nothing begins."""

from telling import Stopped, arguments, result, run, say
from workspace import ARGUMENTS, Workspace


def main() -> int:
    workspace = Workspace.of(arguments(*ARGUMENTS))
    if now := workspace.base_moved():
        raise Stopped(
            f"The target moved: {workspace.base} was at {workspace.revision[:12]} and is at {now[:12]}. "
            "Plan again."
        )
    for part in workspace.parts:
        from_where = f"follows {part.head[:12]}" if part.head else "is new"
        say(f"{part.branch} {from_where}: {part.title}")
    return result({"commit": workspace.revision, "branches": [part.branch for part in workspace.parts]})


if __name__ == "__main__":
    run(main)
