"""`tests/cases.yaml` of a skill: what must come out when it really runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue

from bot.artifacts import yaml_marks
from bot.artifacts.yaml_marks import NotYaml, placed
from bot.ask import fill
from bot.ask.catalog import Skill, did_you_mean
from bot.ask.invocation import Value
from bot.ask.manifest import AskStep, Manifest, ModelStep, Name, Text
from bot.ask.reading import Finding, Problem, Unreadable, read_as
from bot.assess.connected import asked_by
from bot.assess.mcp_servers import used_by
from bot.terms import Record

FILE = "tests/cases.yaml"

Ends = Literal[
    "done", "not_done", "failed", "rolled_back", "unknown", "cancelled", "interrupted",
    "nothing_to_do", "refused", "asking",
]  # fmt: skip


class Case(Record):
    """One invocation and how it must end.

    `lose` names a step whose end nobody sees, as when its worker dies; `stop_after` one after which somebody
    presses Stop. `programs` is a folder of the skill whose programs stand before the real ones. `answers` are
    choices by the step that asks for them; null is nobody in time. `models` are what models answer, by step.
    """

    name: Text
    inputs: dict[str, Value] = Field(default_factory=dict)
    environment: Text
    ends: Ends
    plan: Text | None = None
    says: Text | None = None
    variables: dict[str, str] = Field(default_factory=dict)
    programs: Text | None = None
    lose: Text | None = None
    stop_after: Text | None = None
    answers: dict[str, Text | None] = Field(default_factory=dict)
    models: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)


DEMO_HOST = "demo-host"


class Cases(Record):
    """The whole file. `target: demo-host` starts a fresh one for each case, its address in ASSENT_TARGET.

    A Python file of the skill instead is a target of its own: started for each case, it prints one JSON line
    of variables when it serves, or `{"lacks": [programs]}`, and ends with TERM or its input.

    `connectors` and `servers` are as in policies/connectors.yaml and policies/mcp.yaml; `${env.NAME}` in them
    is one of the target's variables, or SKILL (its folder), or ROOM (an empty folder of the case).
    """

    target: Text | None = None
    connectors: dict[Name, dict[str, JsonValue]] = Field(default_factory=dict)
    servers: dict[Name, dict[str, JsonValue]] = Field(default_factory=dict)
    cases: tuple[Case, ...] = Field(min_length=1)


class Unplayable(Exception):
    """Cases that cannot be run as they are written; `problems` has everything that is wrong with them."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def read(skill: Skill) -> Cases | None:
    """The cases of a skill, None when it has none; raises Unplayable with every problem."""
    if FILE not in skill.files:
        return None
    file = f"{Path(skill.folder).parent.name}/{skill.name}/{FILE}"
    try:
        data, marks = yaml_marks.load(Path(skill.folder) / FILE, file=file)
    except NotYaml as error:
        raise Unplayable([error.problem]) from None
    try:
        cases = read_as(Cases, data)
        findings: tuple[Finding, ...] = tuple(_findings(cases, skill))
    except Unreadable as error:
        findings = error.findings
    if findings:
        raise Unplayable([placed(one, marks, file) for one in findings])
    return cases


def problems(skill: Skill) -> list[Problem]:
    """What keeps its cases from being run; a skill without any has none."""
    try:
        read(skill)
    except Unplayable as error:
        return error.problems
    return []


def _findings(cases: Cases, skill: Skill) -> Iterator[Finding]:
    manifest = skill.manifest
    names = [case.name for case in cases.cases]
    if cases.target == DEMO_HOST:
        if "ASSENT_TARGET" not in manifest.permissions.env:
            what, hint = "the skill may not see ASSENT_TARGET, so it cannot find the target", "Add it to "
            yield Finding(("target",), what, f"{hint}permissions.env, or leave target out.")
    elif cases.target is not None and cases.target not in skill.files:
        hint = f"Write {DEMO_HOST}, or a Python file of the skill such as tests/target.py."
        yield Finding(("target",), f"there is no target {cases.target}", hint)
    verbs = manifest.permissions.verbs
    yield from _brought(cases.connectors, asked_by(verbs), "connectors", "asks", "connector", "{kind: …}")
    started = "{command: [python3, …], tools: …}"
    yield from _brought(cases.servers, used_by(verbs), "servers", "uses", "MCP server", started)
    for position, case in enumerate(cases.cases):
        at = ("cases", position)
        if case.name in names[:position]:
            yield Finding((*at, "name"), f'two cases are called "{case.name}"', "Give each its own.")
        for key, step in (("lose", case.lose), ("stop_after", case.stop_after)):
            if step is not None:
                yield from _step(step, manifest, (*at, key))
        for step, choice in case.answers.items():
            yield from _answer(step, choice, manifest, (*at, "answers", step))
        for step in case.models:
            if step not in (asking := [one.id for one in manifest.steps if isinstance(one, ModelStep)]):
                hint = f"Steps that ask one: {', '.join(asking) or 'none'}."
                yield Finding((*at, "models", step), f"{step} is no step that asks a model", hint)
        for name in case.variables:
            if name not in manifest.permissions.env:
                hint = f"It may see: {', '.join(manifest.permissions.env) or 'none'} (permissions.env)."
                yield Finding((*at, "variables", name), f"the skill may not see {name}", hint)
        if case.programs is not None and not any(
            file.startswith(f"{case.programs.rstrip('/')}/") for file in skill.files
        ):
            yield Finding((*at, "programs"), f"there is no file in {case.programs}", "Such as tests/bin.")


def _brought(
    theirs: Collection[str], needed: Collection[str], key: str, does: str, what: str, example: str
) -> Iterator[Finding]:
    """The cases bring what the permissions of the skill name, and nothing else."""
    for name in theirs:
        if name not in needed:
            hint = did_you_mean(name, list(needed)).strip() if needed else "See permissions.verbs."
            yield Finding((key, name), f"the skill {does} no {what} {name}", hint)
    for name in needed:
        if name not in theirs:
            missing = f"the skill {does} the {what} {name}, and the cases have none"
            yield Finding(("cases",), missing, f"Add {key}: {{{name}: {example}}}.")


def _step(name: str, manifest: Manifest, path: tuple[str | int, ...]) -> Iterator[Finding]:
    steps = [step.id for step in manifest.steps]
    if name not in steps:
        hint = did_you_mean(name, steps).strip() or f"Steps are: {', '.join(steps)}."
        yield Finding(path, f"there is no step {name}", hint)


def _answer(
    name: str, choice: str | None, manifest: Manifest, path: tuple[str | int, ...]
) -> Iterator[Finding]:
    asking = {step.id: step.ask for step in manifest.steps if isinstance(step, AskStep)}
    if name not in asking:
        hint = f"Steps that ask: {', '.join(asking) or 'none'}."
        yield Finding(path, f"{name} is no step that asks a question", hint)
        return
    choices = asking[name].choices
    filled = any(fill.names(one) for one in choices)  # then only a run can tell
    if choice is not None and choice not in choices and not filled:
        hint = f"Choices are: {', '.join(choices)}; null is nobody."
        yield Finding(path, f"{choice} is no choice of {name}", hint)
