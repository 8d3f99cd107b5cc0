"""What a step can do: one class a kind, and what may stand as its probe or its undo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, JsonValue, Tag, field_validator

from bot.ask.json_schema import no_schema
from bot.ask.manifest.permissions import Verb
from bot.ask.manifest.words import Argv, Money, Name, Scalar, Text
from bot.terms import Record

READING_METHODS = ("GET", "HEAD")


class Expected(Record):
    """What makes an answer a good one; any 2xx when nothing is said."""

    status: tuple[Annotated[int, Field(ge=100, le=599)], ...] = ()
    contains: Text | None = None


class HttpRequest(Record):
    """One request to a permitted host. `body` is text, or data that is sent as JSON."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    url: Text
    headers: dict[str, Text] = Field(default_factory=dict)
    body: JsonValue = None
    expect: Expected = Expected()

    @property
    def reads_only(self) -> bool:
        return self.method in READING_METHODS


class ConnectorCall(Record):
    """One verb of a connector: what runs in the worker, where its credential stays.

    `expect` holds parts of the answer against what they must be: `{replicas: 3}`, `{rollout.done: true}`.
    """

    model_config = ConfigDict(populate_by_name=True)

    name: Name
    verb: Text
    arguments: dict[str, JsonValue] = Field(default_factory=dict, alias="with")
    expect: dict[str, Scalar] = Field(default_factory=dict)

    @property
    def permission(self) -> str:
        """As `permissions.verbs` has it: `kubernetes:deployments:patch`."""
        return f"{self.name}:{self.verb}"


class Ceilings(Record):
    """Where a call of a model is cut."""

    usd: Money | None = None
    tokens: int | None = Field(default=None, ge=1)
    calls: int | None = Field(default=None, ge=1)


def _open(schema: JsonValue, where: str) -> Iterator[str]:
    """The places of a schema that let in what nobody named: an open object, a reference to elsewhere."""
    match schema:
        case dict():
            closed = schema.get("additionalProperties") is False
            if (schema.get("type") == "object" or isinstance(schema.get("properties"), dict)) and not closed:
                yield where
            if isinstance(reference := schema.get("$ref"), str) and not reference.startswith("#"):
                yield where
            for key, below in schema.items():
                if key in ("properties", "patternProperties", "$defs") and isinstance(below, dict):
                    for name, one in below.items():
                        yield from _open(one, f"{where}, {name}")
                elif key not in ("enum", "const", "default", "examples"):
                    yield from _open(below, where)
        case list():
            for below in schema:
                yield from _open(below, where)


class ModelCall(Record):
    """A prompt whose answer keeps to a schema; `tools` are verbs that only read."""

    model_config = ConfigDict(populate_by_name=True)

    prompt: Annotated[str, Field(min_length=1, max_length=20_000)]
    answer: dict[str, JsonValue] = Field(alias="schema")
    tier: Literal["small", "large"] = "small"
    tools: tuple[Verb, ...] = ()
    ceilings: Ceilings

    @field_validator("answer")
    @classmethod
    def _is_a_schema(cls, answer: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if why := no_schema(answer):
            raise ValueError(f"this is no JSON Schema: {why}")
        if answer.get("type") != "object" or answer.get("additionalProperties") is not False:
            raise ValueError("the schema of an answer is an object with additionalProperties: false")
        if where := next(_open(answer, "the schema of an answer"), ""):
            raise ValueError(
                f"{where}: every object in it has additionalProperties: false, and $ref begins with #"
            )
        return answer


class McpCall(Record):
    """A tool of an MCP server that this installation knows. `expect` is as a connector's."""

    model_config = ConfigDict(populate_by_name=True)

    server: Name
    tool: Text
    arguments: dict[str, JsonValue] = Field(default_factory=dict, alias="with")
    expect: dict[str, Scalar] = Field(default_factory=dict)

    @property
    def permission(self) -> str:
        """As `permissions.verbs` has it: `mcp:inventory:find_host`."""
        return f"mcp:{self.server}:{self.tool}"


class CommandAction(Record):
    run: Argv


class HttpAction(Record):
    http: HttpRequest


class ConnectorAction(Record):
    connector: ConnectorCall


class McpAction(Record):
    mcp: McpCall


def _plainly(found: object) -> object:
    """`{run: [a, b]}` is `[a, b]`."""
    if isinstance(found, Mapping) and (more := [str(key) for key in found if key != "run"]):
        raise ValueError(f"beside run there is no {more[0]}: it has the time limit of its step")
    argv = found["run"] if isinstance(found, Mapping) else found
    return tuple(argv) if isinstance(argv, list) else argv  # what was JSON is Python here, and read strictly


def _kind(found: object) -> str | None:
    match found:
        case Mapping():
            said = [kind for key, kind in _KINDS.items() if key in found]
            return said[0] if len(said) == 1 else None
        case HttpAction() | ConnectorAction() | McpAction():
            return type(found).__name__
        case _:
            return "Argv"


_KINDS = {"run": "CommandAction", "http": "HttpAction", "connector": "ConnectorAction", "mcp": "McpAction"}

Action = Annotated[
    Annotated[Argv, Tag("Argv")]
    | Annotated[
        Argv,
        BeforeValidator(_plainly, json_schema_input_type=CommandAction),
        Tag("CommandAction"),
    ]
    | Annotated[HttpAction, Tag("HttpAction")]
    | Annotated[ConnectorAction, Tag("ConnectorAction")]
    | Annotated[McpAction, Tag("McpAction")],
    Discriminator(
        _kind,
        custom_error_type="not_one_kind",
        custom_error_message=f"should be an argv list, or exactly one of {', '.join(_KINDS)}",
    ),
]
"""What may ask about a step or take it back: an argv list, a request, a verb of a connector, or a tool."""
