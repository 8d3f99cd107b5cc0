"""What each kind of step does: one file a kind. What is not built yet is refused before it begins."""

from __future__ import annotations

from dataclasses import dataclass

from bot.ask.manifest import (
    Action,
    Argv,
    CommandStep,
    ConnectorAction,
    ConnectorCall,
    ConnectorStep,
    HttpAction,
    HttpRequest,
    HttpStep,
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


Does = Argv | HttpRequest | Asked | ModelCall


def measuring(measure: Measure) -> Does:
    if measure.connector is not None:
        return Asked(measure.connector, measures=True)
    return measure.run or ()


def what(doing: Step | Action | None) -> Does:
    """What a step, a probe or an undo does.

    Raises Refused for a kind that nobody carries out: `lint` stops such a skill long before, and this is for
    what slips by.
    """
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
        case _:
            raise Refused(f"{doing.id} is a kind of step that cannot be carried out yet. It was not begun.")
