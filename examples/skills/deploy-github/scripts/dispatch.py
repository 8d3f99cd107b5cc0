"""Start the workflow, if the tag and what is live are still what was planned; find the run by its marker."""

from github import Repository
from script import Stopped, arguments, result, run, say


def main() -> int:
    given = arguments("repository", "workflow", "environment", "tag", "commit", "revision", "marker")
    repository = Repository(given.repository, given.workflow)
    found = repository.run_of(given.marker)
    if found is None:
        expect(repository, given.tag, given.commit, given.environment, given.revision)
        repository.dispatch(given.tag, {"environment": given.environment, "marker": given.marker})
        say(f"{given.workflow} was started with {given.tag} for {given.environment}")
        found = repository.appeared(given.marker)
    if found is None:
        raise Stopped("GitHub took it and lists no run with its marker. Nobody knows whether one will come.")
    say(f"It is run {found['run_number']}: {found['html_url']}")
    if found["head_sha"] != given.commit:
        repository.cancel(found["id"])
        raise Stopped(
            f"The run is of commit {found['head_sha'][:12]}, not of the approved {given.commit[:12]}: "
            "the tag moved in that moment. The run was told to end."
        )
    return result({"run": found["html_url"]})


def expect(repository: Repository, tag: str, commit: str, environment: str, revision: str) -> None:
    if (now := repository.commit(tag)) != commit:
        raise Stopped(f"The target moved: {tag} is commit {now[:12]} now, not {commit[:12]}. Plan again.")
    live = repository.live(environment)
    if (str(live["id"]) if live else "none") != revision:
        what = f"{live['ref']} was deployed" if live else "nothing is deployed any more"
        raise Stopped(f"The target moved: {what} since this was planned. Plan again.")


if __name__ == "__main__":
    run(main)
