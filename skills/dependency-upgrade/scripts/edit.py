"""Edit the manifests, make the locks anew and commit, part by part. What moved must be what was approved."""

from telling import arguments, result, run, say
from workspace import ARGUMENTS, Workspace


def main() -> int:
    workspace = Workspace.of(arguments(*ARGUMENTS))
    commits = {}
    for part in workspace.parts:
        commits[part.branch] = workspace.commit(part)
        say(f"{part.title}: {len(part.moves)} versions moved, as approved")
    return result({"commits": commits})


if __name__ == "__main__":
    run(main)
