"""A request in its exact form: which skill version, with which inputs, where."""

from __future__ import annotations

from bot.ask.words import quoted
from bot.terms import Digest, Environment, Record

Value = str | int | float | bool


class About(Record):
    """What a person says about the request itself; policies look at it, steps never do."""

    reason: str = ""
    incident: str = ""
    break_glass: bool = False


ABOUT = tuple(About.model_fields)
"""Its words, in their order."""


class Invocation(About):
    """Made by `grammar` and by nobody else, so that only the typed form ever counts.

    `digest` is the content digest of the skill as it was when the person asked; `inputs` are complete:
    defaults are already filled in.
    """

    skill: str
    version: str
    digest: Digest
    inputs: dict[str, Value]
    environment: Environment

    def sentence(self, command: str = "/assent") -> str:
        """The exact form again, as the person could have typed it."""
        said = {**self.inputs, **self.about()}
        inputs = " ".join(f"{name}={_quoted(value)}" for name, value in said.items())
        return " ".join(part for part in (command, self.skill, inputs, f"to {self.environment}") if part)

    def about(self) -> dict[str, Value]:
        """What was said about the request itself, by the words for it."""
        said: dict[str, Value] = {
            "reason": self.reason,
            "incident": self.incident,
            "break_glass": self.break_glass,
        }
        return {name: value for name, value in said.items() if value}


def _quoted(value: Value) -> str:
    return quoted(("true" if value else "false") if isinstance(value, bool) else str(value))
