"""The run of an upgrade: edited, locked, tested, pushed, offered; and taken back, as far as it was ours."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from upgrading import UV, Remote, Shop, Upgrading, git, listed, remote, script, serving, shop

from bot.playground.host.pulls import Pulls
from bot.playground.host.shelf import Shelf

ADDRESSES: dict[Pulls, str] = {}
TOKEN = "ghp_aTokenThatNobodyMaySee1234567890"
BRANCH = "assent/dependency-upgrade/minor"
SHELF = Shelf.model_validate(
    {
        "pypi": {
            "greet": {
                "1.0.0": {"code": "def hello(): return 'hello'\n"},
                "1.1.0": {
                    "code": "def hello(): return 'hello'\n",
                    "urls": {
                        "Changelog": "https://greet.example/changes",
                        "Source": "https://github.com/acme/greet",
                    },
                },
                "1.2.0": {"age_days": 1, "code": "def hello(): return 'bye'\n"},
                "2.0.0": {"code": "def greeting(): return 'hello'\n"},
            }
        },
        "advisories": [
            {
                "id": "GHSA-0000-0000-0001",
                "aliases": ["CVE-2026-0001"],
                "modified": "2026-01-01T00:00:00Z",
                "affected": [
                    {
                        "package": {"ecosystem": "PyPI", "name": "greet"},
                        "ranges": [
                            {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.0.5"}]}
                        ],
                    }
                ],
            }
        ],
    }
)
TEST = "import greet\nassert greet.hello() == 'hello', greet.hello()\n"
INSTALLED = [["uv", "venv", "-q", ".venv"], ["uv", "pip", "install", "-q", "-r", "requirements.txt"]]
QUICK = [["true"]]
TESTS = [*INSTALLED, [".venv/bin/python", "test_shop.py"]]
FILES = {
    "requirements.txt": "# ours\ngreet==1.0.0  # says hello\n",
    "test_shop.py": TEST,
    ".gitignore": ".venv/\n",
}

pytestmark = pytest.mark.skipif(not UV, reason="uv is not installed")


@pytest.fixture(scope="module")
def market() -> Iterator[Shop]:
    with shop(SHELF) as found:
        yield found


@pytest.fixture
def source(tmp_path: Path) -> Remote:
    return remote(tmp_path, FILES)


@pytest.fixture
def github(source: Remote) -> Iterator[Pulls]:
    async def branches() -> dict[str, str]:
        return source.branches()

    found = Pulls("acme/shop", TOKEN, branches)
    app = web.Application()
    app.add_routes(found.routes(""))
    with serving(app) as url:
        ADDRESSES[found] = url
        yield found


def upgrading(
    market: Shop,
    source: Remote,
    tmp_path: Path,
    github: Pulls | None = None,
    *,
    request: str = "r-1",
    tests: list[list[str]] | None = None,
    **inputs: Any,
) -> Upgrading:
    entry = {"url": source.bare.as_uri(), "tests": QUICK if tests is None else tests}
    settings = {**market.settings, "PATH": os.pathsep.join([str(Path(UV).parent), os.environ["PATH"]])}
    if github is not None:
        entry["github"] = github.name
        settings |= {"ASSENT_GITHUB_API": ADDRESSES[github], "ASSENT_GITHUB_TOKEN": TOKEN}
    settings |= listed(tmp_path, shop=entry)
    inputs = {"repository": "shop", "group": "minor", **inputs}
    return Upgrading(tmp_path / f"home-{request}", settings, inputs, request)


def planned(*words: Any, **more: Any) -> Upgrading:
    found = upgrading(*words, **more)
    ran = found.plan()
    assert (ran.code, ran.errors) == (0, ""), (ran.text, ran.errors)
    return found


def all_steps(run: Upgrading) -> None:
    for step in run.manifest.steps:
        ran = run.step(step.id)
        assert (ran.code, ran.errors) == (0, ""), (step.id, ran.text, ran.errors)


def offered(run: Upgrading) -> None:
    """The two steps that others see. They do what came before themselves, as for a worker that took over."""
    for name in ("push", "pull_request"):
        ran = run.step(name)
        assert (ran.code, ran.errors) == (0, ""), (name, ran.text, ran.errors)


def met(run: Upgrading) -> dict[str, bool]:
    """The definition of done by observation, read from the manifest."""
    ran = run.measure()
    assert (ran.code, ran.errors) == (0, ""), (ran.text, ran.errors)
    answers = {}
    for check in run.manifest.done_when.checks:
        value = ran.result.get(check.observed)
        wanted = run.planned.resolved["tested"] if check.equals is not None and run.planned else None
        answers[check.observed] = value is not None and (
            value == wanted
            if check.equals is not None
            else (check.at_least is None or value >= check.at_least)
            and (check.at_most is None or value <= check.at_most)
        )
    return answers


DONE = {"tests": True, "unexpected_files": True, "unexpected_versions": True, "offered_ratio": True}


def test_an_upgrade_is_edited_tested_pushed_offered_and_measured(
    market: Shop, source: Remote, github: Pulls, tmp_path: Path
) -> None:
    run = planned(market, source, tmp_path, github, tests=TESTS)
    main = source.head
    all_steps(run)
    assert met(run) == DONE
    assert source.head == main, "the base branch is nobody's to move"
    assert source.show(BRANCH, "requirements.txt") == "# ours\ngreet==1.1.0  # says hello"
    assert git("diff", "--name-only", "main", BRANCH, folder=source.bare) == "requirements.txt"
    message = git("log", "-1", "--format=%B", BRANCH, folder=source.bare)
    assert "greet 1.0.0 -> 1.1.0 (clears GHSA-0000-0000-0001, CVE-2026-0001)" in message
    assert "Assent-Request: r-1" in message
    [pull] = github.pulls
    assert (pull["branch"], pull["base"], pull["state"]) == (BRANCH, "main", "open")
    assert pull["title"] == "Minor and patch upgrades: greet 1.0.0 → 1.1.0"
    row = next(line for line in pull["body"].splitlines() if "`greet`" in line)
    assert "| `1.0.0` | `1.1.0` | `minor` |" in row
    assert "[`GHSA-0000-0000-0001`](https://osv.dev/vulnerability/GHSA-0000-0000-0001)" in row
    assert "[changelog](https://greet.example/changes)" in row
    assert "[releases](https://github.com/acme/greet/releases)" in row
    assert "**Tests:** passed in" in pull["body"]


def test_tests_that_fail_stop_before_anything_is_pushed(
    market: Shop, source: Remote, github: Pulls, tmp_path: Path
) -> None:
    run = planned(market, source, tmp_path, github, group="major", tests=TESTS)
    before = source.branches()
    assert [run.step(name).code for name in ("branch", "edit")] == [0, 0]
    ran = run.step("test")
    assert ran.code == 1
    assert "The tests fail with: Major upgrade: greet 1.0.0 → 2.0.0. Nothing was pushed." in ran.text
    assert "AttributeError" in ran.text
    pushed = run.step("push")
    assert (pushed.code, "It was not pushed." in pushed.text) == (1, True), (
        "also when somebody skips the step"
    )
    assert source.branches() == before
    assert github.pulls == []


def test_a_second_run_updates_the_pull_request_and_forces_nothing(
    market: Shop, source: Remote, github: Pulls, tmp_path: Path
) -> None:
    offered(planned(market, source, tmp_path, github))
    first = source.branches()[BRANCH]
    source.commit({"README.md": "Something else\n"})
    run = planned(market, source, tmp_path, github, request="r-2")
    offered(run)
    assert met(run) == DONE
    second = source.branches()[BRANCH]
    parents = git("log", "-1", "--format=%P", second, folder=source.bare).split()
    assert parents == [first, source.head], "it follows what was there, and has the new base in it"
    assert [pull["number"] for pull in github.pulls] == [1]
    assert "updated=r-2" in github.pulls[0]["body"]
    undone = [run.step(name, "undo") for name in ("pull_request", "push")]
    assert [ran.code for ran in undone] == [0, 0], undone
    assert source.branches()[BRANCH] == first
    assert github.pulls[0]["state"] == "open", "somebody else's pull request is not closed"
    assert "The update of r-2 was taken back" in github.pulls[0]["body"]


def test_undo_closes_what_it_opened_deletes_what_it_pushed_and_can_be_repeated(
    market: Shop, source: Remote, github: Pulls, tmp_path: Path
) -> None:
    run = planned(market, source, tmp_path, github)
    before = source.branches()
    assert [run.step(name, "undo").code for name in ("pull_request", "push")] == [0, 0], (
        "nothing was done yet"
    )
    all_steps(run)
    for _ in range(2):
        undone = [run.step(name, "undo") for name in ("pull_request", "push")]
        assert [ran.code for ran in undone] == [0, 0], undone
        assert source.branches() == before
        assert github.pulls[0]["state"] == "closed"


def test_the_probes_know_yes_no_and_nobody_can_tell_also_on_another_worker(
    market: Shop, source: Remote, github: Pulls, tmp_path: Path
) -> None:
    run = planned(market, source, tmp_path, github)
    assert (run.step("push", "probe").code, run.step("pull_request", "probe").code) == (1, 1)
    assert run.step("push").code == 0
    shutil.rmtree(run.home)  # another worker goes on, with nothing of what the first one had
    assert (run.step("push", "probe").code, run.step("pull_request", "probe").code) == (0, 1)
    pushed = source.branches()
    assert run.step("push").code == 0, "what is there by this request is not pushed again"
    assert source.branches() == pushed
    assert run.step("pull_request").code == 0
    assert run.step("pull_request", "probe").code == 0
    source.commit({"README.md": "The base moves on\n"})
    shutil.rmtree(run.home)
    assert met(run) == DONE, "measured from the remote alone, its tests run again"
    github.refusing = True
    assert run.step("pull_request", "probe").code == 2
    source.bare.rename(source.bare.with_suffix(".away"))
    assert run.step("push", "probe").code == 2


def test_a_base_that_moved_since_the_plan_stops_the_run(market: Shop, source: Remote, tmp_path: Path) -> None:
    run = planned(market, source, tmp_path)
    source.commit({"README.md": "Something else\n"})
    ran = run.step("branch")
    assert ran.code == 1
    assert "The target moved: main was at" in ran.text


def test_a_branch_that_somebody_moved_is_left_alone(market: Shop, source: Remote, tmp_path: Path) -> None:
    run = planned(market, source, tmp_path)
    git("push", "--quiet", "origin", f"main:refs/heads/{BRANCH}", folder=source.work)
    theirs = source.branches()
    ran = run.step("push")
    assert (ran.code, f"Somebody moved {BRANCH}" in ran.text) == (1, True)
    assert run.step("push", "undo").code == 1, "it stays, and that is said"
    assert source.branches() == theirs
    again = upgrading(market, source, tmp_path, request="r-2").plan()
    assert again.result == {
        "refused": f"Somebody committed to {BRANCH}. Merge that branch or delete it, then ask again."
    }


def test_a_registry_that_answers_otherwise_than_when_it_was_approved_stops_the_run(
    market: Shop, source: Remote, tmp_path: Path
) -> None:
    run = planned(market, source, tmp_path)
    assert run.planned is not None
    parts = json.loads(run.planned.resolved["parts"])
    parts[0]["moves"][0][3] = "1.0.9"
    run.planned.resolved["parts"] = json.dumps(parts)
    ran = run.step("edit")
    assert (ran.code, "The lock came out otherwise than it was approved" in ran.text) == (1, True)


def test_what_was_pushed_is_measured_and_not_believed(market: Shop, source: Remote, tmp_path: Path) -> None:
    run = planned(market, source, tmp_path, tests=[["grep", "1.1.0", "requirements.txt"]])
    offered(run)
    git("fetch", "--quiet", "origin", BRANCH, folder=source.work)
    git("checkout", "--quiet", "-B", "tampered", "FETCH_HEAD", folder=source.work)
    (source.work / "requirements.txt").write_text("greet==1.2.0\n", encoding="utf-8")
    (source.work / "deploy.sh").write_text("evil\n", encoding="utf-8")
    git("add", "--all", folder=source.work)
    git("commit", "--quiet", "--amend", "--no-edit", folder=source.work)
    git("push", "--quiet", "--force", "origin", f"HEAD:{BRANCH}", folder=source.work)
    assert met(run) == {**DONE, "tests": False, "unexpected_files": False, "unexpected_versions": False}


def test_a_plain_git_remote_gets_the_branch_and_the_person_the_way_on(
    market: Shop, source: Remote, tmp_path: Path
) -> None:
    run = planned(market, source, tmp_path)
    offered(run)
    assert f"Open a pull request from {BRANCH} into main where shop is." in run.step("pull_request").text
    assert run.step("pull_request", "probe").code == 0
    assert met(run) == DONE


def test_the_token_is_seen_by_github_and_by_nobody_else(
    market: Shop, source: Remote, github: Pulls, tmp_path: Path
) -> None:
    """Tests run code of the repository: they look where a secret could be, and at who called them."""
    spy = (
        "import os, pathlib\n"
        "seen = [repr(dict(os.environ))]\n"
        "for one in ('cmdline', 'environ'):\n"
        "    for pid in (os.getpid(), os.getppid()):\n"
        "        try: seen.append(pathlib.Path(f'/proc/{pid}/{one}').read_text(errors='replace'))\n"
        "        except OSError: pass\n"
        "assert not any('ghp_' in one for one in (seen if os.getuid() else seen[:1])), 'the token is here'\n"
        "run = pathlib.Path(os.environ['HOME']).parents[1]\n"
        "assert (run / 'workspace').is_dir()\n"
        "assert not list(run.glob('secrets/*')), 'the token is a file'\n"
    )
    source.commit({"test_shop.py": spy})
    run = planned(market, source, tmp_path, github, tests=[["python3", "test_shop.py"]])
    said = []
    for step in run.manifest.steps:
        ran = run.step(step.id)
        assert ran.code == 0, ran.text
        said += [ran.text, ran.errors]
    said += [run.measure().text, *(pull["body"] for pull in github.pulls)]
    kept = [
        file.read_text(errors="replace") for file in run.home.rglob("*.json") if "uv-cache" not in str(file)
    ]
    assert kept
    config = (run.home / "workspace/work/.git/config").read_text()
    assert not any(TOKEN in one for one in (*said, *kept, config))


def test_a_bad_token_is_said_without_showing_it(
    market: Shop, source: Remote, github: Pulls, tmp_path: Path
) -> None:
    run = planned(market, source, tmp_path, github)
    run.settings["ASSENT_GITHUB_TOKEN"] = "ghp_anotherTokenThatIsWrong12345"
    assert run.step("push").code == 0
    ran = run.step("pull_request")
    assert (ran.code, "says no (401): Bad credentials" in ran.text) == (1, True)
    assert "ghp_" not in ran.text + ran.errors


def test_names_from_elsewhere_do_not_become_markdown_or_mentions() -> None:
    body = script("body")
    assert (
        body.plain("@acme/ui` | [x](https://evil.example)\n") == "`@acme/ui  \\| [x](https://evil.example)`"
    )


def test_what_is_too_much_for_one_argument_is_refused_by_the_plan() -> None:
    moves = [["uv.lock", f"package-{number}", "1.0.0", "1.0.1"] for number in range(3000)]
    with pytest.raises(script("telling").Refusal, match="3000 versions would move, too many at once"):
        script("branches").packed([{"moves": moves}])
