"""What runs: plan steps before the gate, then preconditions and steps, each of exactly one kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Discriminator, Field, Tag, model_validator

from bot.ask.manifest.actions import (
    Action,
    ConnectorAction,
    ConnectorCall,
    HttpAction,
    HttpRequest,
    McpAction,
    McpCall,
    ModelCall,
)
from bot.ask.manifest.questions import Question
from bot.ask.manifest.words import Argv, Repeat, Seconds, Text, Word
from bot.terms import Record


class Command(Record):
    """An argv list, never a shell string; each item is a template."""

    run: Argv
    timeout: Seconds


class PlanStep(Command):
    """Reads only; runs before the gate, and what it prints is shown and approved."""

    id: Word


class Retry(Record):
    """A step that failed is begun again, so many times in all, after a wait."""

    attempts: int = Field(ge=2, le=10)
    wait: Seconds = 1.0


_KINDS = {
    "run": "CommandStep",
    "http": "HttpStep",
    "connector": "ConnectorStep",
    "model": "ModelStep",
    "ask": "AskStep",
    "mcp": "McpStep",
}


class _Step(Record):
    """One effect. `probe` asks whether it happened (0 yes, 1 no, else unknown); `undo` takes it back.

    `probe` and `undo` have the same time limit as the step.
    """

    id: Word
    title: Text
    timeout: Seconds
    repeat: Repeat
    retry: Retry | None = None
    probe: Action | None = None
    undo: Action | None = None


class CommandStep(_Step):
    run: Argv


class HttpStep(_Step):
    http: HttpRequest


class ConnectorStep(_Step):
    connector: ConnectorCall


class ModelStep(_Step):
    model: ModelCall


class AskStep(_Step):
    ask: Question


class McpStep(_Step):
    mcp: McpCall


def _kind(found: object) -> str | None:
    """A step without a kind is read as a command, whose missing `run` is then said."""
    if isinstance(found, Mapping):
        said = [name for kind, name in _KINDS.items() if kind in found] or ["CommandStep"]
        return said[0] if len(said) == 1 else None
    return type(found).__name__ if isinstance(found, _Step) else "CommandStep"


Step = Annotated[
    Annotated[CommandStep, Tag("CommandStep")]
    | Annotated[HttpStep, Tag("HttpStep")]
    | Annotated[ConnectorStep, Tag("ConnectorStep")]
    | Annotated[ModelStep, Tag("ModelStep")]
    | Annotated[AskStep, Tag("AskStep")]
    | Annotated[McpStep, Tag("McpStep")],
    Discriminator(
        _kind,
        custom_error_type="not_one_kind",
        custom_error_message=f"should have exactly one of {', '.join(_KINDS)}",
    ),
]


class Measure(Record):
    """Reads only, when everything ran: what it says is held against the checks."""

    timeout: Seconds
    run: Argv | None = None
    connector: ConnectorCall | None = None
    mcp: McpCall | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> Measure:
        if sum(one is not None for one in (self.run, self.connector, self.mcp)) != 1:
            raise ValueError("a measurement has exactly one of run, connector, mcp")
        return self


class Precondition(Record):
    """Reads only, right before the first step: when it does not hold, nothing begins."""

    id: Word
    title: Text
    timeout: Seconds
    run: Argv | None = None
    http: HttpRequest | None = None
    connector: ConnectorCall | None = None
    mcp: McpCall | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> Precondition:
        if sum(one is not None for one in (self.run, self.http, self.connector, self.mcp)) != 1:
            raise ValueError("a precondition has exactly one of run, http, connector, mcp")
        return self

    @property
    def action(self) -> Argv | HttpAction | ConnectorAction | McpAction:
        if self.http is not None:
            return HttpAction(http=self.http)
        if self.connector is not None:
            return ConnectorAction(connector=self.connector)
        if self.mcp is not None:
            return McpAction(mcp=self.mcp)
        return self.run or ()
