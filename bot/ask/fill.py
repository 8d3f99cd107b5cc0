"""`${…}` in a manifest: the one way a value gets into a command, a title, a lock or a check."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Protocol

from pydantic import JsonValue

from bot.ask.invocation import Value
from bot.terms import Environment, Refused, RequestId

_MARK = re.compile(r"\$\{([^{}$]*)\}")
_STRAY = re.compile(r"\$\{")

ALWAYS = ("environment", "request.id")
PLANNED = ("plan.target.revision",)
RUNNING = ("idempotency_key",)
RESOLVED = re.compile(r"plan\.resolved\.[A-Za-z_][A-Za-z0-9_]*")

NO_ANSWERS: Mapping[str, str] = {}
NOTHING_SAID: Mapping[str, Mapping[str, JsonValue]] = {}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class Revision(Protocol):
    @property
    def revision(self) -> str: ...


class Planned(Protocol):
    """The part of a plan that steps may refer to."""

    @property
    def resolved(self) -> Mapping[str, JsonValue]: ...

    @property
    def target(self) -> Revision: ...


def answer_to(step: str) -> str:
    """The name of what was answered to an `ask` step."""
    return f"steps.{step}.answer"


def said_by(step: str, name: str) -> str:
    """The name of a part of what a model said in a step."""
    return f"steps.{step}.{name}"


def names(template: str) -> tuple[str, ...]:
    """What a template refers to, in order; a `${` that never closes is returned as it stands."""
    found = [match[1] for match in _MARK.finditer(template)]
    return (*found, "${") if _STRAY.search(_MARK.sub("", template)) else tuple(found)


def fill(
    template: str,
    *,
    inputs: Mapping[str, Value],
    environment: Environment,
    request: RequestId | None = None,
    plan: Planned | None = None,
    idempotency_key: str | None = None,
    answers: Mapping[str, str] = NO_ANSWERS,
    said: Mapping[str, Mapping[str, JsonValue]] = NOTHING_SAID,
) -> str:
    """The template with every value in place, each one as plain text.

    `answers` are those of `ask` steps, by their ids; `said` is what models said, which comes on one line and
    is no option even where it is a number. A filled value is never read again, so a value that
    looks like `${…}` stays text. Raises Refused when a value is missing, is a list or an object, carries
    control characters, or would turn into an option (`-x`) of the program that gets it.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        found = find(name, inputs, environment, request, plan, idempotency_key, answers, said)
        by_model = name.startswith("steps.") and name.split(".")[1] in said
        text = written(name, _CONTROL.sub(" ", found) if by_model and isinstance(found, str) else found)
        if (by_model or isinstance(found, str)) and match.start() == 0 and text.startswith("-"):
            raise Refused(f"{name} may not start with a dash: the program would read {text!r} as an option.")
        return text

    return _MARK.sub(value, template)


def written(name: str, value: object) -> str:
    """One value as text; booleans as true and false."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return str(value)
        case str() if not any(ord(c) < 32 or ord(c) == 127 for c in value):
            return value
        case str():
            raise Refused(f"{name} has control characters, so it cannot be given to a program.")
        case _:
            raise Refused(
                f"{name} is not a text, a number, true or false, so it cannot be given to a program."
            )


def find(
    name: str,
    inputs: Mapping[str, Value],
    environment: Environment,
    request: RequestId | None,
    plan: Planned | None,
    idempotency_key: str | None,
    answers: Mapping[str, str],
    said: Mapping[str, Mapping[str, JsonValue]],
) -> object:
    """What a name stands for, as it is; raises Refused when nothing is known for it."""
    match name.split("."):
        case ["environment"]:
            return environment.value
        case ["request", "id"] if request is not None:
            return request
        case ["idempotency_key"] if idempotency_key is not None:
            return idempotency_key
        case ["plan", "target", "revision"] if plan is not None:
            return plan.target.revision
        case ["plan", "resolved", key] if plan is not None and key in plan.resolved:
            return plan.resolved[key]
        case ["steps", step, "answer"] if step in answers:
            return answers[step]
        case ["steps", step, key] if key in said.get(step, {}):
            return said[step][key]
        case ["inputs", key] if key in inputs:
            return inputs[key]
    raise Refused(f"Nothing is known for ${{{name}}}: the plan did not give it, or it was not asked for.")
