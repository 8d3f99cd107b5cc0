"""What a runbook must keep beyond its shape. Every finding stops it: there are no warnings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from bot.ask.catalog import did_you_mean
from bot.ask.reading import Finding, Path
from bot.assess import asking_lint, freeze, table_lint
from bot.assess.asking import Require
from bot.assess.asking_lint import known_group
from bot.assess.facts import vocabulary
from bot.assess.roster import Roster
from bot.assess.runbook import Runbook
from bot.assess.unfolding import OVERRIDE_STAGE

_APPLIES_TO = re.compile(r"\*|[a-z0-9]+(-[a-z0-9]+)*(@[0-9]+)?")


def findings(runbook: Runbook, *, stem: str, roster: Roster | None) -> Iterator[Finding]:
    """`stem` is the file's name without its ending; without a roster any group may be one of Slack's."""
    if runbook.policy != stem:
        yield Finding(("policy",), f"{runbook.policy} is in the file {stem}", "Give both the same name.")
    for position, one in enumerate(runbook.applies_to):
        if not _APPLIES_TO.fullmatch(one):
            hint = "Write a skill, a skill with its major version (deploy@2), or '*'."
            yield Finding(("applies_to", position), f'"{one}" is no skill', hint)
    yield from _named(runbook)
    yield from _unique("gates", [gate.id for gate in runbook.gates])
    yield from _unique("invariants", [one.id for one in runbook.invariants])
    yield from _unique("freeze_windows", [window.id for window in runbook.freeze_windows])
    for position, group in enumerate(runbook.may_request or ()):
        yield from known_group(group, roster, ("may_request", position))
    for position, gate in enumerate(runbook.gates):
        yield from asking_lint.findings(gate, runbook, roster, ("gates", position))
    yield from _escalation(runbook, roster)
    yield from _done(runbook)
    yield from _freezes(runbook)
    yield from _budgets(runbook)
    yield from table_lint.findings(runbook)


def findings_between(runbooks: Mapping[str, Runbook]) -> Iterator[tuple[str, Finding]]:
    """What is wrong with all of them together: the order of stages, which are shared between policies."""
    gates = [
        (file, (*path, "after"), require)
        for file, runbook in runbooks.items()
        for path, require in _asked(runbook)
    ]
    stages = {require.stage for _, _, require in gates}
    after = [(require.stage, require.after) for _, _, require in gates if require.after is not None]
    for file, path, require in gates:
        if require.after is None:
            continue
        if require.after not in stages:
            hint = did_you_mean(require.after, sorted(stages)).strip()
            known = f"Stages are: {', '.join(sorted(stages))}."
            yield file, Finding(path, f"no gate has the stage {require.after}", hint or known)
        elif require.stage in _before(require.stage, after):
            message = f"stage {require.stage} would wait for itself"
            yield file, Finding(path, message, "Take one `after` out of the circle.")


def _asked(runbook: Runbook) -> Iterator[tuple[Path, Require]]:
    """Every requirement there is, with its place."""
    for position, gate in enumerate(runbook.gates):
        if gate.require is not None:
            yield ("gates", position, "require"), gate.require
        if gate.earned is not None and gate.earned.instead is not None:
            yield ("gates", position, "earned", "instead"), gate.earned.instead


def _before(stage: str, after: Iterable[tuple[str, str]]) -> set[str]:
    """Every stage that must be finished before this one."""
    found: set[str] = set()
    look = [stage]
    while look:
        now = look.pop()
        for later, earlier in after:
            if later == now and earlier not in found:
                found.add(earlier)
                look.append(earlier)
    return found


_TAKEN = frozenset(
    # What CEL reserves, its macros, its functions, its types.
    (
        *(
            "as",
            "break",
            "const",
            "continue",
            "else",
            "false",
            "for",
            "function",
            "if",
            "import",
            "in",
            "let",
        ),
        *("loop", "namespace", "null", "package", "return", "true", "var", "void", "while"),
        *("all", "exists", "exists_one", "filter", "has", "map"),
        *("contains", "dyn", "endswith", "matches", "size", "startswith", "type"),
        *("bool", "bytes", "double", "duration", "int", "list", "string", "timestamp", "uint"),
    )
)
"""What words mean in a condition already."""


def _named(runbook: Runbook) -> Iterator[Finding]:
    parts = {name.partition(".")[0] for name in vocabulary()}
    for name in runbook.let:
        if name in _TAKEN | parts:
            hint = f"Call it otherwise, such as is_{name}."
            yield Finding(("let", name), f"{name} means something else in conditions", hint)


def _unique(kind: str, ids: list[str]) -> Iterator[Finding]:
    for position, one in enumerate(ids):
        if one in ids[:position]:
            yield Finding((kind, position, "id"), f"two {kind} have the id {one}", "Give each its own.")


def _escalation(runbook: Runbook, roster: Roster | None) -> Iterator[Finding]:
    stages = {require.stage for _, require in _asked(runbook)}
    stages |= {OVERRIDE_STAGE for gate in runbook.gates if gate.override is not None}
    for position, step in enumerate(runbook.escalation):
        path = ("escalation", position)
        if step.after >= runbook.expires_after:
            hint = "Escalate earlier, or let it wait longer with expires_after."
            yield Finding((*path, "after"), "by then the request has expired", hint)
        for key in ("add", "page"):
            for index, group in enumerate(getattr(step, key)):
                yield from known_group(group, roster, (*path, key, index))
        if step.to is not None and step.to not in stages:
            hint = (
                did_you_mean(step.to, sorted(stages)).strip() or f"Stages are: {', '.join(sorted(stages))}."
            )
            yield Finding((*path, "to"), f"no gate has the stage {step.to}", hint)


def _done(runbook: Runbook) -> Iterator[Finding]:
    skills = [one.partition("@")[0] for one in runbook.applies_to]
    for skill in runbook.done:
        if skill not in skills and "*" not in skills:
            hint = did_you_mean(skill, skills).strip() or f"It applies to {', '.join(skills)}."
            yield Finding(("done", skill), f"this policy does not apply to {skill}", hint)


def _freezes(runbook: Runbook) -> Iterator[Finding]:
    for position, window in enumerate(runbook.freeze_windows):
        for key, read in (("tz", freeze.zone), ("weekly", freeze.weekly)):
            value = getattr(window, key)
            try:
                if value is not None:
                    read(value)
            except freeze.NoSuchTime as error:
                yield Finding(("freeze_windows", position, key), str(error))


def _budgets(runbook: Runbook) -> Iterator[Finding]:
    seen: list[tuple[object, ...]] = []
    for position, one in enumerate(runbook.budgets):
        key = (one.scope, one.period, one.environment, one.skill)
        if key in seen:
            yield Finding(("budgets", position), "this budget is here twice", "Keep one limit.")
        seen.append(key)
