"""What each kind of step does: one file a kind."""

from __future__ import annotations

from dataclasses import dataclass

from bot.ask.manifest import (
    Action,
    Argv,
    AskStep,
    CommandStep,
    ConnectorAction,
    ConnectorCall,
    ConnectorStep,
    HttpAction,
    HttpRequest,
    HttpStep,
    McpAction,
    McpCall,
    McpStep,
    Measure,
    ModelCall,
    ModelStep,
    Step,
)
from bot.terms import Refused


@dataclass(frozen=True, slots=True)
class Asked:
    """A verb of a connector.

    `answers`: it is an action beside a step, and finding nothing is a no. `measures`: a part of an answer
    is no measurement.
    """

    call: ConnectorCall
    answers: bool = False
    measures: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool of an MCP server; `answers` and `measures` as of a verb."""

    call: McpCall
    answers: bool = False
    measures: bool = False


Does = Argv | HttpRequest | Asked | ModelCall | Tool


def measuring(measure: Measure) -> Does:
    if measure.connector is not None:
        return Asked(measure.connector, measures=True)
    if measure.mcp is not None:
        return Tool(measure.mcp, measures=True)
    return measure.run or ()


def what(doing: Step | Action | None) -> Does:
    """What a step, a probe or an undo does. Raises Refused for a question, which is put to people instead."""
    match doing:
        case CommandStep(run=argv):
            return argv
        case HttpStep(http=request) | HttpAction(http=request):
            return request
        case ModelStep(model=call):
            return call
        case tuple():
            return doing
        case None:
            return ()
        case ConnectorStep(connector=call):
            return Asked(call)
        case ConnectorAction(connector=call):
            return Asked(call, answers=True)
        case McpStep(mcp=call):
            return Tool(call)
        case McpAction(mcp=call):
            return Tool(call, answers=True)
        case AskStep():
            raise Refused(f"{doing.id} asks people a question: nothing is carried out for it.")
