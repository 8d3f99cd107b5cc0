"""Follow the run to its end. Of one that fails, the end of each failed job's log."""

from typing import Any

from github import Repository
from script import Stopped, arguments, result, run, say


def main() -> int:
    given = arguments("repository", "workflow", "marker")
    repository = Repository(given.repository, given.workflow)
    found = repository.run_of(given.marker)
    if found is None:
        raise Stopped("GitHub lists no run with this marker.")
    last = to_its_end(repository, found)
    if last["conclusion"] == "success":
        return result({"run": last["html_url"], "conclusion": "success"})
    say(f"Its end: {last['conclusion']}. {last['html_url']}")
    return 1


def to_its_end(repository: Repository, found: Any) -> Any:
    last = found
    for last in repository.until_it_ends(found["id"]):
        say(f"Run {last['run_number']} is {last['status'].replace('_', ' ')}")
    for job in repository.jobs(found["id"]):
        say(f"  {job['name']}: {job['conclusion']}")
        if job["conclusion"] not in ("success", "skipped", "cancelled"):
            for line in repository.last_lines(job["id"]):
                say(f"    {line}")
    return last


if __name__ == "__main__":
    run(main)
