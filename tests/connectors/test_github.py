"""GitHub, asked as steps ask it: a small API of our own with what is asked here. It is not GitHub."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from bot.terms import Refused
from tests.connectors.asking import KEY, ask, found
from tests.connectors.serving import serving

TOKEN = "ghp_ofATestOnly0123456789"
SHOP = "acme/shop"
RUN = {"repository": SHOP, "workflow": "deploy.yml", "ref": "v1.2.0", "inputs": {"marker": KEY}}


@dataclass
class Repository:
    heard: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    lists: bool = True
    """Whether a run that was started is listed yet."""
    answers: web.StreamResponse | None = None

    async def answer(self, asked: web.Request) -> web.StreamResponse:
        body = json.loads(await asked.text() or "{}")
        self.heard.append((asked.method, asked.raw_path, body))
        if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"message": "Bad credentials"}, status=401)
        assert asked.headers["User-Agent"] == "assent", "GitHub answers nobody who does not say who asks"
        if self.answers is not None:
            return self.answers
        prefix, _, rest = asked.path.partition("/repos/acme/shop/")
        if prefix or not rest:
            return web.json_response({"message": "Not Found"}, status=404)
        return self.of_shop(asked, rest.split("/"), body)

    def of_shop(self, asked: web.Request, parts: list[str], body: dict[str, Any]) -> web.Response:
        limit = int(asked.query.get("per_page", "30"))
        match asked.method, *parts:
            case "GET", "deployments":
                made = [
                    {"id": 1, "environment": "production", "sha": "a" * 40, "creator": {"login": "ada"}},
                    {"id": 2, "environment": "staging", "sha": "b" * 40},
                ]
                wanted = asked.query.get("environment")
                mine = [one for one in made if wanted in (None, one["environment"])]
                return web.json_response(mine[:limit])
            case "GET", "deployments", number, "statuses":
                return web.json_response([{"state": "success"}] if number == "1" else [])
            case "GET", "commits":
                author = {"name": "Ada", "date": "2026-01-01T00:00:00Z"}
                one = {"sha": "c" * 40, "commit": {"message": "Fix it\n\nAll.", "author": author}}
                return web.json_response([one] * min(limit, 3))
            case "GET", "actions", "workflows", "deploy.yml", "runs":
                return web.json_response({"workflow_runs": self.runs if self.lists else []})
            case "GET", "actions", "runs", "7":
                return web.json_response({"id": 7, "status": "completed", "conclusion": "success"})
            case "POST", "actions", "workflows", "deploy.yml", "dispatches":
                if body["ref"] != "v1.2.0":
                    return web.json_response({"message": "No ref found"}, status=422)
                self.runs.append({"id": 7, "display_title": f"deploy {body['inputs']['marker']}"})
                return web.Response(status=204)
            case "GET", "issues", "5", "comments":
                return web.json_response(self.comments)
            case "POST", "issues", "5", "comments":
                self.comments.append({"html_url": "https://github.test/c/1", **body})
                return web.json_response(self.comments[-1], status=201)
        return web.json_response({"message": "Not Found"}, status=404)


@pytest.fixture
async def github() -> AsyncIterator[tuple[Repository, dict[str, Any]]]:
    there = Repository()
    async with serving(there.answer) as url:
        yield (
            there,
            {
                "kind": "github",
                "url": url,
                "credential": {"from": "env:GITHUB_TOKEN"},
                "repositories": [SHOP],
            },
        )


Small = tuple[Repository, dict[str, Any]]


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.connectors import asking

    monkeypatch.setitem(asking.ENVIRONMENT, "GITHUB_TOKEN", TOKEN)


async def test_what_was_deployed_and_committed_is_listed(github: Small) -> None:
    _, settings = github
    said = await found(settings, "deployments:list", repository=SHOP, environment="production")
    [one] = said["deployments"]
    assert (one["id"], one["state"], one["by"], said["more"]) == (1, "success", "ada", False)
    assert (await found(settings, "deployments:list", repository=SHOP))["deployments"][1]["state"] is None
    said = await found(settings, "commits:list", repository=SHOP, ref="main", limit=2)
    assert (said["count"], said["more"], said["commits"][0]["says"]) == (2, True, "Fix it")


async def test_a_workflow_is_started_once_however_often_it_is_tried(github: Small) -> None:
    there, settings = github
    assert await found(settings, "workflows:dispatch", **RUN) == {"run": None, "made_before": False}
    again = await found(settings, "workflows:dispatch", **RUN)
    assert (again["made_before"], again["run"]["id"], len(there.runs)) == (True, 7, 1)
    posted = [body for method, _, body in there.heard if method == "POST"]
    assert posted == [{"ref": "v1.2.0", "inputs": {"marker": KEY}}]
    assert (await found(settings, "runs:get", repository=SHOP, id=7))["conclusion"] == "success"


async def test_a_run_that_is_not_listed_yet_may_still_come(github: Small) -> None:
    there, settings = github
    there.lists = False
    await found(settings, "workflows:dispatch", **RUN)
    probe = {"repository": SHOP, "workflow": "deploy.yml", "operation": KEY}
    finished = await ask(settings, "runs:list", probe, asks=True)
    assert finished.exit_code == 2, "it is no no"
    assert finished.result is not None
    assert finished.result["newest"] is None
    there.lists = True
    assert (await ask(settings, "runs:list", probe, asks=True)).exit_code == 0
    there.runs[0]["conclusion"] = "failure"
    for wanted, code in (("failure", 0), ("success", 1)):
        waited = await ask(settings, "runs:list", probe, expect={"newest.conclusion": wanted})
        assert waited.exit_code == code


async def test_a_comment_is_made_once_and_mentions_nobody(github: Small) -> None:
    there, settings = github
    says = {"repository": SHOP, "number": 5, "body": "Deployed by @acme/everyone, a@b.test"}
    made = await found(settings, "issues:comment", **says)
    again = await found(settings, "issues:comment", **says)
    assert (made["made_before"], again) == (False, {"url": made["url"], "made_before": True})
    [comment] = there.comments
    assert "@acme" not in comment["body"]
    assert comment["body"].endswith(f"<!-- assent {KEY} -->")
    assert (await found(settings, "comments:list", repository=SHOP, number=5, operation=KEY))["count"] == 1
    assert (await found(settings, "comments:list", repository=SHOP, number=5, operation="f" * 32))[
        "count"
    ] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        {"repository": "acme/other"},
        {"repository": "acme/shop/../../user"},
        {"repository": "acme/.."},
        {"repository": SHOP, "ref": "-upload-pack=x"},
        {"repository": SHOP, "ref": "main&per_page=1"},
        {"repository": SHOP, "since": "yesterday"},
    ],
)
async def test_nothing_leads_out_of_what_it_is_asked_about(github: Small, arguments: dict[str, Any]) -> None:
    there, settings = github
    with pytest.raises(Refused):
        await ask(settings, "commits:list", arguments)
    assert there.heard == []


async def test_a_path_with_odd_letters_is_one_argument(github: Small) -> None:
    there, settings = github
    await found(settings, "commits:list", repository=SHOP, path="a b&sha=x#y/../é")
    assert there.heard[-1][1].startswith(
        "/repos/acme/shop/commits?path=a+b%26sha%3Dx%23y%2F..%2F%C3%A9&per_page="
    )


async def test_what_it_may_not_see_is_not_what_is_not_there(github: Small) -> None:
    _, settings = github
    finished = await ask(settings, "runs:list", {"repository": SHOP, "workflow": "other.yml"}, asks=True)
    assert finished.exit_code == 2
    assert "or its credential may not see it" in finished.stdout


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "no JSON"),
        (b'{"workflow_runs": 7}', "no list of runs"),
        (b'[{"workflow_runs": []}]', "no list of runs"),
        (b'{"workflow_runs": [7]}', "no list of runs"),
        (b"[" * 100_000, "no JSON"),
        (b'{"workflow_runs": [{"id": NaN}]}', "no JSON"),
    ],
)
async def test_an_answer_that_makes_no_sense_is_no_answer(github: Small, body: bytes, words: str) -> None:
    there, settings = github
    there.answers = web.Response(body=body, content_type="application/json")
    finished = await ask(settings, "runs:list", {"repository": SHOP}, asks=True)
    assert finished.exit_code == 2
    assert words in finished.stdout


async def test_an_answer_shows_no_secret_and_steers_no_terminal(github: Small) -> None:
    there, settings = github
    title = f"run \x1b[31m{TOKEN}\u202e {TOKEN[::-1]}"
    run = {"id": 2**60, "display_title": title, "html_url": f"https://x/?t={TOKEN}"}
    there.answers = web.json_response({"workflow_runs": [run]})
    finished = await ask(settings, "runs:list", {"repository": SHOP})
    assert finished.result is not None
    [one] = finished.result["runs"]  # type: ignore[misc]
    assert TOKEN not in json.dumps(finished.result) + finished.stdout
    assert "\x1b" not in one["title"]
    assert "\u202e" not in one["title"]
    assert one["id"] == str(2**60), "larger than a number is the same to everybody"
