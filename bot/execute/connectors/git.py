"""Git: commits of a repository on the worker's machine. It only reads, and starts nothing of its own."""

from __future__ import annotations

import secrets
from typing import Protocol

from pydantic import JsonValue

from bot.execute.connectors.connector import (
    Arguments,
    Connector,
    Found,
    Unanswerable,
    Verb,
    closed,
    number,
    text,
)

REPOSITORY = text("[a-z0-9]+(?:-[a-z0-9]+)*", says="A repository by its name in policies/connectors.yaml")
REVISION = text(r"[A-Za-z0-9_][\w./@{}^~+-]*", most=250)
_FEW, _MOST = 20, 200
_SAFELY = ("--no-show-signature", "--no-color")
_AS_IT_IS = ("--no-ext-diff", "--no-textconv", "--no-renames")


class Git(Protocol):
    """The line to git, which may read one of the configured repositories."""

    async def git(self, repository: str, *arguments: str) -> str:
        """What it prints. Raises Unanswerable when it ends badly."""
        ...


async def commits_list(line: Git, asked: Arguments) -> Found:
    """The newest first."""
    limit, mark = asked.get("limit", _FEW), secrets.token_hex(8)
    assert isinstance(limit, int)  # noqa: S101  the schema looked
    since = (f"--since={asked['since']}",) if "since" in asked else ()
    said = await line.git(
        str(asked["repository"]),
        "log",
        *_SAFELY,
        _format(mark, "%H", "%aI", "%an", "%s"),
        f"--max-count={limit + 1}",
        *since,
        "--end-of-options",
        str(asked.get("ref", "HEAD")),
        "--",
        *((str(asked["path"]),) if "path" in asked else ()),
    )
    commits = [_commit(one, mark) for one in said.split(f"{mark}:") if one.strip()]
    return {"commits": [*commits[:limit]], "count": len(commits[:limit]), "more": len(commits) > limit}


async def commits_get(line: Git, asked: Arguments) -> Found:
    """One commit, what it says, and the lines of its patch."""
    repository, commit, mark = str(asked["repository"]), str(asked["commit"]), secrets.token_hex(8)
    about = await line.git(
        repository, "show", *_SAFELY, "--no-patch", _format(mark, "%H", "%aI", "%an", "%B"), *_one(commit)
    )
    patch = await line.git(repository, "show", *_SAFELY, *_AS_IT_IS, "--format=", "--patch", *_one(commit))
    lines: list[JsonValue] = [*patch.splitlines()]
    return {**_commit(about.split(f"{mark}:", 1)[-1], mark), "patch": lines, "lines": len(lines)}


def _one(commit: str) -> tuple[str, ...]:
    """A commit and nothing else: not a file, and not what a path in a commit holds."""
    return "--end-of-options", f"{commit}^{{commit}}", "--"


def _format(mark: str, *fields: str) -> str:
    """Between fields stands what no commit can know: its author may write anything else."""
    return f"--format={mark}:{f'{mark};'.join(fields)}"


def _commit(text: str, mark: str) -> dict[str, JsonValue]:
    fields = [part.strip() for part in text.split(f"{mark};")]
    if len(fields) != 4:
        raise Unanswerable("git printed something that cannot be read.")
    sha, at, by, says = fields
    return {"sha": sha, "at": at, "by": by, "says": says}


GIT = Connector(
    kind="git",
    verbs={
        "commits:list": Verb(
            reads=True,
            says="The newest commits, of a branch or path, or since a time.",
            takes=closed(
                ("repository",),
                repository=REPOSITORY,
                ref=REVISION,
                path=text(most=500),
                since=text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
                limit=number(1, _MOST),
            ),
            gives=frozenset({"commits", "count", "more"}),
            does=commits_list,
        ),
        "commits:get": Verb(
            reads=True,
            says="One commit: what it says and what it changes.",
            takes=closed(("repository", "commit"), repository=REPOSITORY, commit=text("[0-9a-f]{7,64}")),
            gives=frozenset({"sha", "at", "by", "says", "patch", "lines"}),
            does=commits_get,
        ),
    },
)
