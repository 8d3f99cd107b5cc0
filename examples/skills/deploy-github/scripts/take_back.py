"""Undo of dispatch: end the run; when it may have changed something, run the tag before again.

Only after a run of ours. What somebody else has deployed since stays, and we say so.
"""

from follow import to_its_end
from github import Repository
from script import Stopped, arguments, run, say


def main() -> int:
    given = arguments("repository", "workflow", "environment", "commit", "previous", "revision", "marker")
    repository = Repository(given.repository, given.workflow)
    ours = repository.appeared(given.marker)
    if ours is None:
        say("GitHub lists no run of this request: nothing to undo")
        return 0
    if ours["status"] != "completed":
        repository.cancel(ours["id"])
        say(f"Run {ours['run_number']} is told to end")
        ours = to_its_end(repository, ours)
    if repository.newest(given.environment) == given.revision:
        say(f"It had not begun to deploy to {given.environment}: nothing to take back")
        return 0
    live = repository.live(given.environment)
    if live and live["sha"] != given.commit and live["ref"] != given.previous:
        say(f"{live['ref']} is live by a later deployment. It stays; look at it before you go back.")
        return 1
    if given.previous == "nothing":
        say("Nothing was deployed before, so there is nothing to go back to")
        return 0
    return again(repository, given.environment, given.previous, f"{given.marker}-undo")


def again(repository: Repository, environment: str, tag: str, marker: str) -> int:
    """Once: a second undo finds the run of the first and follows it."""
    found = repository.run_of(marker)
    if found is None:
        repository.dispatch(tag, {"environment": environment, "marker": marker})
        found = repository.appeared(marker)
    if found is None:
        raise Stopped(f"GitHub was asked to run {tag} again and lists no such run.")
    say(f"{tag} again: {found['html_url']}")
    conclusion = to_its_end(repository, found)["conclusion"]
    say(f"Its end: {conclusion}")
    return 0 if conclusion == "success" else 1


if __name__ == "__main__":
    run(main)
