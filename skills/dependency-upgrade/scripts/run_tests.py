"""Run the repository's own tests on each part, in a fresh copy. When one fails, nothing is pushed."""

from telling import Stopped, arguments, result, run, say
from workspace import ARGUMENTS, Workspace


def main() -> int:
    workspace = Workspace.of(arguments(*ARGUMENTS))
    failed = []
    for part in workspace.parts:
        found = workspace.tested(part)
        if not found["commands"]:
            say(f"{part.title}: there are no tests")
        elif found["passed"]:
            say(f"{part.title}: tests passed in {found['seconds']} s")
        else:
            say(f"{part.title}: tests FAILED: {found['said']}")
            failed.append(part.title)
    if failed:
        whole = len(workspace.parts) == len(failed)
        hint = "" if whole else " Ask for the others by their group or package."
        raise Stopped(f"The tests fail with: {'; '.join(failed)}. Nothing was pushed.{hint}")
    return result({"tests": "passed" if workspace.tests else "absent"})


if __name__ == "__main__":
    run(main)
