"""What a connector is: its verbs, what each takes and gives, and the words it is asked in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar
from urllib.parse import quote

from pydantic import JsonValue

from bot.assess.connected import Connected

Arguments = Mapping[str, JsonValue]
"""As the verb's schema has them: whoever carries a verb out has looked."""
Found = dict[str, JsonValue]
"""What a verb gives. Of a list it has `count`, also when items were left out."""

Line = TypeVar("Line")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb(Generic[Line]):
    """One thing that can be asked of a connector.

    `takes` is a closed JSON Schema. `gives` are the keys of its result, each of them always there, None when
    nothing is known: a probe must not take a slip of the pen for a no. `plain` are arguments that the skill
    writes itself and nothing is filled into. `check` raises Refused for what a schema cannot say.
    `says` is one sentence for people, and for models.

    Whether it reads is said here and by its name (`reads_only`); a test holds the two together.
    """

    reads: bool
    says: str
    takes: Mapping[str, Any]
    gives: frozenset[str]
    does: Callable[[Line, Arguments], Awaitable[Found]]
    plain: frozenset[str] = frozenset()
    check: Callable[[Arguments], object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector(Generic[Line]):
    """One kind of service and its verbs: one file. It reaches nothing but the line it is handed.

    `greeting` is where a service that is asked by HTTP answers with JSON to everybody who may ask at all.
    """

    kind: str
    verbs: Mapping[str, Verb[Line]]
    greeting: str = ""

    async def call(self, verb: str, arguments: Arguments, line: Line) -> Found:
        """Raises Unanswerable when there is nothing to give, with why and what that means for a probe."""
        return await self.verbs[verb].does(line, arguments)


class Unanswerable(Exception):
    """Why a verb gave nothing, in words for people.

    `absent`: the service knows for certain that there is none, which is a no to a probe. Nothing else is: a
    query that does not parse, a missing right or a wrong address must not say that a step did not happen.
    `status` and `answer` are what it answered, when it did. `reason` is short and follows "it", where the
    step's end is told in one sentence.
    """

    def __init__(
        self,
        words: str,
        *,
        absent: bool = False,
        status: int = 0,
        answer: JsonValue = None,
        reason: str = "",
    ) -> None:
        super().__init__(words)
        self.absent, self.status, self.answer, self.reason = absent, status, answer, reason

    @property
    def exit_code(self) -> int:
        """As a program would say it: 1 no, 2 nothing can be told."""
        return 1 if self.absent else 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One request to the configured address; `path` is escaped already (see `path`)."""

    path: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    query: tuple[tuple[str, str], ...] = ()
    body: JsonValue = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def reads(self) -> bool:
        return self.method == "GET"


class Http(Protocol):
    """The line to a service that is asked by HTTP: to its configured address, with its credential."""

    @property
    def settings(self) -> Connected:
        """What `policies/connectors.yaml` says of it."""
        ...

    @property
    def key(self) -> str:
        """The step's own for every attempt at it."""
        ...

    async def send(self, asked: Outgoing) -> JsonValue:
        """The answer, None when it is empty. Raises Unanswerable for one that is no good."""
        ...


def path(*parts: str) -> str:
    """`/a/b`, each part escaped so that it can only be one part: never a way up, never a query."""
    if any(part in ("", ".", "..") for part in parts):
        raise Unanswerable("A part of the address would be empty or lead upwards, so nothing was asked.")
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def closed(required: tuple[str, ...] = (), /, **properties: Mapping[str, Any]) -> dict[str, Any]:
    """A closed object."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


def text(pattern: str = "", *, most: int = 256, says: str = "") -> dict[str, Any]:
    """Some text, which as a whole is like `pattern`."""
    found: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": most}
    return found | ({"pattern": whole(pattern)} if pattern else {}) | ({"description": says} if says else {})


def whole(pattern: str) -> str:
    """From the first character to the last: to Python's `$` a line end is no character."""
    return rf"^(?:{pattern})(?![\s\S])"


def number(least: int, most: int, *, says: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"type": "integer", "minimum": least, "maximum": most}
    return found | ({"description": says} if says else {})


def mapping(key: str, value: Mapping[str, Any], *, most: int = 20, least: int = 0) -> dict[str, Any]:
    """Names to values, each name like `key`."""
    return {
        "type": "object",
        "propertyNames": {"type": "string", "maxLength": 128, "pattern": whole(key)},
        "additionalProperties": dict(value),
        "minProperties": least,
        "maxProperties": most,
    }


DURATION = r"[1-9][0-9]{0,5}(?:s|m|h|d)"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds(duration: str) -> int:
    """Of `15m`; the schema has looked at how it is written."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def listed(found: JsonValue, *, what: str) -> list[dict[str, Any]]:
    """The objects of a list; raises Unanswerable when it is none."""
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Unanswerable(f"It answered with something that is no list of {what}.")
    return [one for one in found if isinstance(one, dict)]


def an_object(found: JsonValue, *, what: str) -> dict[str, Any]:
    """An object; raises Unanswerable when it is none."""
    if not isinstance(found, dict):
        raise Unanswerable(f"It answered with something that is no {what}.")
    return found
