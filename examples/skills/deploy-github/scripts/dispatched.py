"""Is there a run with this marker? Exit 0: yes. 2: not yet, and whether one will come nobody can tell."""

from github import Repository
from script import Stopped, arguments, probe, say


def main() -> int:
    given = arguments("repository", "workflow", "marker")
    found = Repository(given.repository, given.workflow).appeared(given.marker)
    if found is None:
        raise Stopped("GitHub lists no run with this marker. One that was asked for may still come.")
    say(f"It is run {found['run_number']}: {found['html_url']}")
    return 0


if __name__ == "__main__":
    probe(main)
