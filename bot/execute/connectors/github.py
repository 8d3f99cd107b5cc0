"""GitHub: what was deployed and committed, runs of workflows, and comments on an issue.

GitHub knows no idempotency keys. A comment of ours has the step's key in a line that nobody sees, and a
workflow gets it as one of its inputs, which its `run-name` says. Both are looked for before they are made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import JsonValue

from bot.execute.connectors.connector import (
    Arguments,
    Connector,
    Found,
    Http,
    Outgoing,
    Unanswerable,
    Verb,
    an_object,
    closed,
    listed,
    mapping,
    number,
    path,
    text,
)

HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
REPOSITORY = text(r"[\w-]+(?:\.[\w-]+)*/[\w.-]+", says="owner/name")
REF = text(r"(?!-)[\w./+-]+", most=250)
WORKFLOW = text(r"[\w.-]+\.ya?ml", says="The workflow's file: deploy.yml")
OPERATION = text("[0-9a-f]{32}", says="The ${idempotency_key} of the step that made it")
LIMIT = number(1, 100)
_FEW = 20
LATELY = timedelta(days=7)
"""How far back a comment of the same step is looked for."""


async def deployments_list(line: Http, asked: Arguments) -> Found:
    """The newest first, each with how it stands."""
    query = {name: asked.get(name) for name in ("environment", "ref")}
    said = listed(await _get(line, asked, "deployments", **query), what="deployments")
    found = [await _deployment(line, asked, one) for one in said]
    return {"deployments": [*found], "count": len(found), "more": _more(asked, said)}


async def commits_list(line: Http, asked: Arguments) -> Found:
    query = {"sha": asked.get("ref"), "path": asked.get("path"), "since": asked.get("since")}
    said = listed(await _get(line, asked, "commits", **query), what="commits")
    commits = [_commit(one) for one in said]
    return {"commits": [*commits], "count": len(commits), "more": _more(asked, said)}


async def runs_list(line: Http, asked: Arguments) -> Found:
    """The newest first. That none is listed yet does not say that none will be."""
    runs = await _runs(line, asked)
    warnings: list[JsonValue] = []
    if "operation" in asked and not runs:
        warnings = ["A run that was asked for may be listed only after a while."]
    found = [_run(one) for one in runs]
    newest: JsonValue = found[0] if found else None
    return {"runs": [*found], "newest": newest, "count": len(found), "warnings": warnings}


async def runs_get(line: Http, asked: Arguments) -> Found:
    said = await line.send(Outgoing(path=_path(asked, "actions", "runs", str(asked["id"])), headers=HEADERS))
    return _run(an_object(said, what="run"))


async def workflows_dispatch(line: Http, asked: Arguments) -> Found:
    inputs = asked.get("inputs") or {}
    assert isinstance(inputs, dict)  # noqa: S101  the schema looked
    if line.key in inputs.values():
        mine = {key: asked[key] for key in ("repository", "workflow")} | {"operation": line.key}
        if made := await _runs(line, mine):
            return {"run": _run(made[0]), "made_before": True}
    where = _path(asked, "actions", "workflows", str(asked["workflow"]), "dispatches")
    body: JsonValue = {"ref": asked["ref"], "inputs": inputs}
    await line.send(Outgoing(method="POST", path=where, headers=HEADERS, body=body))
    return {"run": None, "made_before": False}


async def comments_list(line: Http, asked: Arguments) -> Found:
    found = [_comment(one) for one in await _comments(line, asked)]
    return {"comments": [*found], "count": len(found)}


async def issues_comment(line: Http, asked: Arguments) -> Found:
    """On an issue or a pull request. It mentions nobody, whatever stands in it."""
    if made := await _comments(line, {**asked, "operation": line.key}):
        return {"url": made[0].get("html_url"), "made_before": True}
    unnamed = re.sub(r"@(?=\w)", "@\u200b", str(asked["body"]))
    where = _path(asked, "issues", str(asked["number"]), "comments")
    body: JsonValue = {"body": f"{unnamed}\n\n{_mark(line.key)}"}
    said = await line.send(Outgoing(method="POST", path=where, headers=HEADERS, body=body))
    return {"url": an_object(said, what="comment").get("html_url"), "made_before": False}


def _more(asked: Arguments, said: Sequence[object]) -> bool:
    """Of as many as were asked for nobody knows whether there are more."""
    return len(said) == asked.get("limit", _FEW)


def _path(asked: Arguments, *parts: str) -> str:
    owner, _, name = str(asked["repository"]).partition("/")
    return path("repos", owner, name, *parts)


async def _get(line: Http, asked: Arguments, *parts: str, **query: JsonValue) -> JsonValue:
    limit = ("per_page", str(asked.get("limit", _FEW)))
    said = tuple((name, str(value)) for name, value in query.items() if value is not None)
    try:
        return await line.send(Outgoing(path=_path(asked, *parts), query=(*said, limit), headers=HEADERS))
    except Unanswerable as why:
        if why.status != 404:
            raise
        raise Unanswerable(f"There is none, or its credential may not see it: {why}", status=404) from None


async def _runs(line: Http, asked: Arguments) -> list[dict[str, Any]]:
    of_one = ("workflows", str(asked["workflow"])) if "workflow" in asked else ()
    asked = {"limit": 100 if "operation" in asked else _FEW, **asked}
    query = {name: asked.get(name) for name in ("branch", "event")}
    said = await _get(line, asked, "actions", *of_one, "runs", **query)
    runs = listed(an_object(said, what="list of runs").get("workflow_runs"), what="runs")
    if "operation" not in asked:
        return runs
    return [one for one in runs if asked["operation"] in str(one.get("display_title", "")).split()]


async def _comments(line: Http, asked: Arguments) -> list[dict[str, Any]]:
    since = (datetime.now(UTC) - LATELY).isoformat(timespec="seconds").replace("+00:00", "Z")
    every = {**asked, "limit": 100}
    said = await _get(line, every, "issues", str(asked["number"]), "comments", since=since)
    comments = listed(said, what="comments")
    if "operation" not in asked:
        return comments
    return [one for one in comments if _mark(str(asked["operation"])) in str(one.get("body"))]


def _mark(key: str) -> str:
    return f"<!-- assent {key} -->"


async def _deployment(line: Http, asked: Arguments, one: dict[str, Any]) -> JsonValue:
    where = _path(asked, "deployments", str(one["id"]), "statuses")
    said = await line.send(Outgoing(path=where, query=(("per_page", "1"),), headers=HEADERS))
    states = listed(said, what="statuses")
    return {
        "id": one["id"],
        "ref": one.get("ref"),
        "sha": one.get("sha"),
        "environment": one.get("environment"),
        "state": states[0].get("state") if states else None,
        "by": (one.get("creator") or {}).get("login"),
        "at": one.get("created_at"),
    }


def _commit(one: dict[str, Any]) -> JsonValue:
    about: Mapping[str, Any] = one.get("commit") or {}
    author: Mapping[str, Any] = about.get("author") or {}
    return {
        "sha": one.get("sha"),
        "says": str(about.get("message", "")).partition("\n")[0],
        "by": author.get("name"),
        "at": author.get("date"),
    }


def _run(one: dict[str, Any]) -> Found:
    return {
        "id": one.get("id"),
        "number": one.get("run_number"),
        "title": one.get("display_title"),
        "status": one.get("status"),
        "conclusion": one.get("conclusion"),
        "sha": one.get("head_sha"),
        "url": one.get("html_url"),
        "at": one.get("created_at"),
    }


def _comment(one: dict[str, Any]) -> JsonValue:
    said = {"url": one.get("html_url"), "body": one.get("body"), "at": one.get("created_at")}
    return {**said, "by": (one.get("user") or {}).get("login")}


_RUN = frozenset({"id", "number", "title", "status", "conclusion", "sha", "url", "at"})
_ISSUE = {"repository": REPOSITORY, "number": number(1, 10**9)}

GITHUB = Connector(
    kind="github",
    greeting="/rate_limit",
    verbs={
        "deployments:list": Verb(
            reads=True,
            says="The newest deployments of a repository, and how they stand.",
            takes=closed(
                ("repository",),
                repository=REPOSITORY,
                environment=text(r"[\w ./-]+", most=100),
                ref=REF,
                limit=number(1, 20),
            ),
            gives=frozenset({"deployments", "count", "more"}),
            does=deployments_list,
        ),
        "commits:list": Verb(
            reads=True,
            says="The newest commits of a repository, of a branch or path of it, or since a time.",
            takes=closed(
                ("repository",),
                repository=REPOSITORY,
                ref=REF,
                path=text(most=500),
                since=text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
                limit=LIMIT,
            ),
            gives=frozenset({"commits", "count", "more"}),
            does=commits_list,
        ),
        "runs:list": Verb(
            reads=True,
            says="The newest runs of workflows, or of one of them.",
            takes=closed(
                ("repository",),
                repository=REPOSITORY,
                workflow=WORKFLOW,
                branch=REF,
                event=text("[a-z_]+"),
                operation=OPERATION,
                limit=LIMIT,
            ),
            gives=frozenset({"runs", "newest", "count", "warnings"}),
            does=runs_list,
        ),
        "runs:get": Verb(
            reads=True,
            says="One run of a workflow, and how it ended.",
            takes=closed(("repository", "id"), repository=REPOSITORY, id=number(1, 2**53 - 1)),
            gives=_RUN,
            does=runs_get,
        ),
        "comments:list": Verb(
            reads=True,
            says="The comments of the last week on an issue or a pull request.",
            takes=closed(("repository", "number"), **_ISSUE, operation=OPERATION),
            gives=frozenset({"comments", "count"}),
            does=comments_list,
        ),
        "workflows:dispatch": Verb(
            reads=False,
            says="Start a workflow.",
            takes=closed(
                ("repository", "workflow", "ref"),
                repository=REPOSITORY,
                workflow=WORKFLOW,
                ref=REF,
                inputs=mapping(r"[A-Za-z_][\w-]*", {"type": "string", "maxLength": 1000}, most=10),
            ),
            gives=frozenset({"run", "made_before"}),
            does=workflows_dispatch,
        ),
        "issues:comment": Verb(
            reads=False,
            says="Comment on an issue or a pull request.",
            takes=closed(("repository", "number", "body"), **_ISSUE, body=text(most=10_000)),
            gives=frozenset({"url", "made_before"}),
            does=issues_comment,
        ),
    },
)
