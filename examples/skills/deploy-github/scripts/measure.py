"""What GitHub says is live, and how the run ended. What could not be observed is left out."""

from typing import Any

from github import Repository
from script import arguments, result, run, say


def main() -> int:
    given = arguments("repository", "workflow", "environment", "marker")
    repository = Repository(given.repository, given.workflow)
    observed: dict[str, Any] = {}
    if (found := repository.run_of(given.marker)) is not None:
        observed["conclusion"] = found["conclusion"]
    if (live := repository.live(given.environment)) is not None:
        observed["commit"] = live["sha"]
        say(f"{live['ref']} is live in {given.environment}, commit {live['sha'][:12]}")
    return result({name: value for name, value in observed.items() if value is not None})


if __name__ == "__main__":
    run(main)
