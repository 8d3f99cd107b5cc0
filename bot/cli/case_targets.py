"""What a case of a skill is played against: a target of its own, and connectors that lead there."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import JsonValue

from bot.artifacts.cases import DEMO_HOST, Cases
from bot.ask.catalog import Skill
from bot.ask.reading import Unreadable, read_as
from bot.assess.connected import FILE, Connectors
from bot.assess.mcp_servers import FILE as MCP_FILE
from bot.assess.mcp_servers import Servers
from bot.cli.child import Child
from bot.playground.host.home import variables
from bot.terms import Refused

_FROM_TARGET = re.compile(r"\$\{env\.([A-Za-z_][A-Za-z0-9_]*)\}")


Said = Mapping[str, Mapping[str, JsonValue]]


def configured(said: Said, target: Mapping[str, str]) -> Connectors:
    """What the cases say of connectors, with the variables of their target in place."""
    try:
        return read_as(Connectors, {"connectors": _filled(said, target)})
    except Unreadable as error:
        raise Refused(f"The connectors of the cases are not as in {FILE}: {error}.") from None


def serving(said: Said, target: Mapping[str, str]) -> Servers:
    """What the cases say of MCP servers, likewise."""
    try:
        return read_as(Servers, {"servers": _filled(said, target)})
    except Unreadable as error:
        raise Refused(f"The servers of the cases are not as in {MCP_FILE}: {error}.") from None


def _filled(said: Said, target: Mapping[str, str]) -> JsonValue:
    def filled(value: JsonValue) -> JsonValue:
        match value:
            case str():
                return _FROM_TARGET.sub(lambda mark: _variable(mark[1], target), value)
            case list():
                return [filled(one) for one in value]
            case dict():
                return {key: filled(one) for key, one in value.items()}
        return value

    return {name: filled({**one}) for name, one in said.items()}


def _variable(name: str, target: Mapping[str, str]) -> str:
    if name not in target:
        raise Refused(f"The target has no variable {name}. It has {', '.join(target) or 'none'}.")
    return target[name]


class Lacking(Refused):
    """What the target of a skill's cases is made of is not installed here."""


@asynccontextmanager
async def target_of(skill: Skill, cases: Cases, room: Path) -> AsyncIterator[Mapping[str, str]]:
    """A target of the case's own: what one case leaves behind never helps or hurts the next."""
    if cases.target is None:
        yield {}
        return
    argv: tuple[str, ...] = (sys.executable, str(Path(skill.folder) / cases.target))
    if cases.target == DEMO_HOST:
        argv = (sys.executable, "-m", "bot.playground.host", "--home", str(room / "host"), "--with-stdin")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("ASSENT_", "SLACK_"))}
    target = Child("target", argv, ours, room / "logs", says_first=True)
    line = await target.start()
    try:
        said = _said_first(cases.target, line, target.last_words())
        yield variables(room / "host", said["url"]) if cases.target == DEMO_HOST else said
    finally:
        await target.end()


def _said_first(name: str, line: str, last_words: str) -> dict[str, str]:
    """A target's first line: the variables a skill may name, and of a demo host its address."""
    try:
        said = json.loads(line)
    except ValueError:
        raise Refused(f"The target {name} did not start. Its words: {last_words}") from None
    if lacks := said.get("lacks"):
        raise Lacking(f"The target {name} needs {', '.join(lacks)}, not installed here.")
    return {name: str(value) for name, value in said.items()}
