"""Everything that runs, with where it stands and what it may use there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from bot.ask import fill
from bot.ask.lint.said import said as said_before
from bot.ask.manifest import (
    AskStep,
    CommandStep,
    ConnectorAction,
    ConnectorCall,
    ConnectorStep,
    HttpAction,
    HttpRequest,
    HttpStep,
    Manifest,
    McpAction,
    McpCall,
    McpStep,
    ModelCall,
    ModelStep,
    Question,
    Step,
    reads_only,
)
from bot.ask.reading import Path

Body = tuple[str, ...] | HttpRequest | ConnectorCall | ModelCall | Question | McpCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """`known` are the names its templates may use beside the inputs; `step` is whose secrets it gets.

    `looks` says that it is only asked to look: it must change nothing.
    """

    path: Path
    body: Body
    known: tuple[str, ...] = ()
    step: str = ""
    looks: bool = False


def places(manifest: Manifest) -> Iterator[Placed]:
    after = (*fill.PLANNED, *fill.RUNNING)
    told, said, whole = answers(manifest), said_before(manifest), said_before(manifest, whole=True)
    for position, planning in enumerate(manifest.plan):
        yield Placed(path=("plan", position, "run"), body=planning.run, looks=True)
    for position, one in enumerate(manifest.preconditions):
        body, inside = _plain(one.action)
        path: Path = ("preconditions", position, *(inside or ("run",)))
        yield Placed(path=path, body=body, known=fill.PLANNED, step=one.id, looks=True)
    for position, step in enumerate(manifest.steps):
        key, does = action_of(step)
        at: Path = ("steps", position)
        known = (*after, *told[position], *(whole if isinstance(step, ModelStep) else said)[position])
        yield Placed(path=(*at, key), body=does, known=known, step=step.id, looks=step.repeat == "pure")
        for way, action in (("probe", step.probe), ("undo", step.undo)):
            if action:
                body, inside = _plain(action)
                path = (*at, way, *inside)
                yield Placed(path=path, body=body, known=known, step=step.id, looks=way == "probe")
    measure, known = manifest.done_when.measure, (*fill.PLANNED, *told[-1])
    key = "connector" if measure.connector else "mcp" if measure.mcp else "run"
    does = measure.connector or measure.mcp or measure.run or ()
    yield Placed(path=("done_when", "measure", key), body=does, known=known, looks=True)


def answers(manifest: Manifest) -> list[tuple[str, ...]]:
    """For each step, and at last for the measurement, the answers that people have given before it."""
    told: list[tuple[str, ...]] = [()]
    for step in manifest.steps:
        mine = (fill.answer_to(step.id),) if isinstance(step, AskStep) else ()
        told.append((*told[-1], *mine))
    return told


def action_of(step: Step) -> tuple[str, Body]:
    """The key that says a step's kind, and what stands there."""
    match step:
        case CommandStep(run=argv):
            return "run", argv
        case HttpStep(http=request):
            return "http", request
        case ConnectorStep(connector=call):
            return "connector", call
        case ModelStep(model=call):
            return "model", call
        case AskStep(ask=question):
            return "ask", question
        case McpStep(mcp=call):
            return "mcp", call
        case _:
            assert_never(step)


def _plain(
    action: tuple[str, ...] | HttpAction | ConnectorAction | McpAction,
) -> tuple[Body, tuple[str, ...]]:
    match action:
        case HttpAction(http=request):
            return request, ("http",)
        case ConnectorAction(connector=call):
            return call, ("connector",)
        case McpAction(mcp=call):
            return call, ("mcp",)
        case _:
            return action, ()


def changes(body: Body) -> str:
    """What in it is known to change something, in words; empty when it may only look.

    What a program or a tool does cannot be told from its name.
    """
    match body:
        case HttpRequest() if not body.reads_only:
            return body.method
        case ConnectorCall() if not reads_only(body.verb):
            return f"{body.name}:{body.verb}"
        case _:
            return ""
