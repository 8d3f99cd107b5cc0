"""What each kind of step does. Programs run in the sandbox; other kinds are refused until they are built."""

from __future__ import annotations

from bot.ask.manifest import Action, CommandStep, ConnectorAction, HttpAction, Step
from bot.terms import Refused


def argv_of(doing: Step | Action | None) -> tuple[str, ...]:
    """The command of a step, a probe or an undo.

    Raises Refused for any other kind: `lint` stops such a skill long before, and this is for what slips by.
    """
    match doing:
        case CommandStep(run=argv):
            return argv
        case tuple():
            return doing
        case None:
            return ()
        case HttpAction() | ConnectorAction():
            raise Refused("Only a command can be a probe or an undo here yet. This one was not begun.")
        case _:
            raise Refused(f"{doing.id} is a kind of step that cannot be carried out yet. It was not begun.")
