"""deploy-github: every command of its manifest, against the small GitHub of its tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hosting import Ran, SkillRun, call
from target_process import target

FIRST, GOOD, FAILS, ENDLESS, BLIND = "v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0"


class GitHub:
    """What the tests look at and do past the skill."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.variables = variables

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        token = {"Authorization": f"Bearer {self.variables['GITHUB_TOKEN']}"}
        url = f"{self.variables['GITHUB_API_URL']}/repos/acme/checkout{path}"
        status, said = call(url, method, body, **token)
        assert status < 400, said
        return said

    def runs(self) -> list[dict[str, Any]]:
        return list(self.ask("GET", "/actions/workflows/deploy.yml/runs")["workflow_runs"])

    def dispatch(self, tag: str, environment: str, marker: str) -> None:
        inputs = {"environment": environment, "marker": marker}
        self.ask("POST", "/actions/workflows/deploy.yml/dispatches", {"ref": tag, "inputs": inputs})

    def move(self, tag: str, commit: str) -> None:
        self.ask("PATCH", f"/git/refs/tags/{tag}", {"sha": commit})


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHub]:
    """For tests that start nothing in it."""
    with target("deploy-github", tmp_path_factory.mktemp("github")) as variables:
        yield GitHub(variables)


@pytest.fixture
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHub]:
    """One for each test: it starts in a moment, and what runs in it takes time."""
    with target("deploy-github", tmp_path_factory.mktemp("github")) as variables:
        yield GitHub(variables)


def deployment(github: GitHub, tag: str, request: str = "r-7", **more: str) -> SkillRun:
    return SkillRun(
        "deploy-github",
        variables=github.variables,
        request=request,
        environment="production",
        **{"repository": "acme/checkout", "tag": tag, "workflow": "deploy.yml", **more},
    )


def planned(github: GitHub, tag: str, request: str = "r-7") -> SkillRun:
    run = deployment(github, tag, request)
    assert (ran := run.plan()).code == 0, ran
    return run


def refusal(ran: Ran) -> str:
    assert ran.code == 3, ran
    return str(ran.result["refused"])


def test_the_plan_names_the_commit_what_is_live_and_what_is_between(quiet: GitHub) -> None:
    plan = deployment(quiet, GOOD).plan().result
    assert plan["summary"] == "acme/checkout v1.0.0 → v1.1.0 in production, 1 commit"
    assert plan["resolved"] == {"commit": "2" * 40, "previous": FIRST}
    assert plan["target"] == {"identity": "github/acme/checkout/production", "revision": "501"}
    assert "2222222 Count the basket once (Ada)" in plan["details"]
    assert deployment(quiet, FIRST).plan().result["nothing_to_do"] is True


@pytest.mark.parametrize(
    ("tag", "more", "said"),
    [
        pytest.param("v9", {}, "No commit found for SHA: tags/v9", id="no such tag"),
        pytest.param(GOOD, {"repository": "acme/basket"}, "or the token may not see it", id="no repository"),
        pytest.param(GOOD, {"workflow": "ship.yml"}, "has no .github/workflows/ship.yml", id="no workflow"),
        pytest.param(BLIND, {}, "cannot be followed: it needs", id="its runs carry no marker"),
    ],
)
def test_what_cannot_be_deployed_is_refused_and_nothing_is_started(
    quiet: GitHub, tag: str, more: dict[str, str], said: str
) -> None:
    assert said in refusal(deployment(quiet, tag, **more).plan())
    assert quiet.runs() == []


def test_without_a_token_the_plan_says_what_to_set(quiet: GitHub) -> None:
    run = deployment(quiet, GOOD)
    run.variables = {}
    assert "No token was handed over: permissions.secrets.github says" in refusal(run.plan())


def test_the_run_is_found_by_its_marker_and_not_by_its_time(github: GitHub) -> None:
    """Somebody else starts the same workflow with the same tag in the same moment."""
    run = planned(github, GOOD)
    ran = run.step("dispatch")
    assert ran.code == 0, ran
    ours = [one for one in github.runs() if " r-7.501." in one["display_title"]]
    assert len(github.runs()) == 2
    assert [one["html_url"] for one in ours] == [ran.result["run"]]
    followed = run.step("follow")
    assert (followed.code, followed.result["conclusion"]) == (0, "success")
    assert run.measure().result == {"conclusion": "success", "commit": "2" * 40}


def test_the_same_dispatch_twice_starts_one_run_and_the_probe_finds_it(github: GitHub) -> None:
    run = planned(github, GOOD)
    assert run.step("dispatch", "probe").code == 2  # one may still come: nobody can tell
    first = run.step("dispatch")
    assert run.step("dispatch").result == first.result
    assert len(github.runs()) == 2  # ours, and the one of somebody else
    assert run.step("dispatch", "probe").code == 0


def test_of_a_failed_job_the_end_of_its_log_is_shown_and_the_token_stays_home(github: GitHub) -> None:
    """The log is on another server, which refuses whoever brings a token along."""
    run = planned(github, FAILS)
    assert run.step("dispatch").code == 0
    ran = run.step("follow")
    assert ran.code == 1
    assert "  deploy: failure" in ran.lines
    assert "    Error: the database is locked" in ran.lines
    assert "    step 3" not in ran.lines
    assert "/actions/runs/" in ran.lines[-1]


def test_undo_after_a_failure_runs_the_tag_before_once(github: GitHub) -> None:
    run = planned(github, FAILS)
    run.step("dispatch")
    run.step("follow")
    for _ in range(2):
        ran = run.step("dispatch", "undo")
        assert ran.code == 0, ran
    again = [one for one in github.runs() if one["display_title"].endswith("-undo")]
    assert [(one["tag"], one["conclusion"]) for one in again] == [(FIRST, "success")]


def test_undo_ends_a_run_that_goes_on_and_forgets_one_that_never_was(github: GitHub) -> None:
    run = planned(github, ENDLESS)
    assert "nothing to undo" in run.step("dispatch", "undo").text
    assert run.step("dispatch").code == 0
    assert run.step("dispatch", "undo").code == 0
    ours = next(one for one in github.runs() if one["display_title"].endswith(f" r-7.501.{'4' * 40}"))
    assert ours["conclusion"] == "cancelled"
    again = next(one for one in github.runs() if one["display_title"].endswith("-undo"))
    assert (again["tag"], again["conclusion"]) == (FIRST, "success")  # it had begun to deploy


def test_undo_leaves_a_later_deployment_by_somebody_else_alone_and_says_so(github: GitHub) -> None:
    run = planned(github, FAILS)
    run.step("dispatch")
    run.step("follow")
    other = planned(github, GOOD, "r-8")
    other.step("dispatch")
    other.step("follow")
    ran = run.step("dispatch", "undo")
    assert (ran.code, "v1.1.0 is live by a later deployment" in ran.text) == (1, True)


def test_a_tag_that_moved_since_the_plan_is_not_deployed(github: GitHub) -> None:
    run = planned(github, GOOD)
    github.move(GOOD, "e" * 40)
    ran = run.step("dispatch")
    assert (ran.code, "The target moved: v1.1.0 is commit eeeeeeeeeeee now" in ran.text) == (1, True)
    assert github.runs() == []


def test_what_somebody_deployed_since_the_plan_stops_it(github: GitHub) -> None:
    run = planned(github, FAILS)
    other = planned(github, GOOD, "r-8")
    other.step("dispatch")
    other.step("follow")
    ran = run.step("dispatch")
    assert (ran.code, "The target moved: v1.1.0 was deployed since" in ran.text) == (1, True)


def test_a_run_of_another_commit_than_the_approved_is_ended(github: GitHub) -> None:
    """The tag moves between our last look and GitHub's reading of it: our marker is then on a foreign run."""
    run = planned(github, ENDLESS)
    assert run.planned is not None
    github.move(ENDLESS, "e" * 40)
    github.dispatch(ENDLESS, "production", f"r-7.501.{run.planned.resolved['commit']}")
    assert run.step("dispatch", "probe").code == 0
    ran = run.step("dispatch")
    assert (ran.code, "not of the approved 444444444444" in ran.text) == (1, True)
    ours = next(one for one in github.runs() if one["display_title"].endswith(f" r-7.501.{'4' * 40}"))
    assert ours["cancelled"] is True


def test_nobody_can_tell_when_github_does_not_answer(quiet: GitHub) -> None:
    run = planned(quiet, GOOD)
    run.variables = {**quiet.variables, "GITHUB_API_URL": "http://127.0.0.1:9"}
    ran = run.step("dispatch", "probe")
    assert (ran.code, "does not answer" in ran.text) == (2, True)
    assert quiet.variables["GITHUB_TOKEN"] not in ran.text + ran.errors
