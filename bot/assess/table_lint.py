"""What a policy's own table must keep: facts that there are, with values they can have, and its own gates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from bot.ask.catalog import did_you_mean
from bot.ask.reading import Finding, Path
from bot.assess.facts import Facts, vocabulary
from bot.assess.runbook import Runbook
from bot.assess.unfolding import ids


def findings(runbook: Runbook) -> Iterator[Finding]:
    if runbook.tests is None:
        return
    known = [name for gate in runbook.gates for name in ids(gate)]
    base = runbook.tests.base
    yield from _facts(base, ("tests", "base"), needed=True)
    for position, (_, given, _, gates, _) in enumerate(runbook.tests.rows):
        yield from _facts(given, ("tests", "rows", position, 1), needed=False)
        for index, gate in enumerate(gates):
            if gate not in known:
                hint = did_you_mean(gate, known).strip() or f"Gates are: {', '.join(known)}."
                yield Finding(("tests", "rows", position, 3, index), f"there is no gate {gate}", hint)


_NEEDED = {"request.skill": "-", "actor.principal": "-"}


def _facts(named: Mapping[str, object], path: Path, *, needed: bool) -> Iterator[Finding]:
    """Names and values that are no facts; only `base` must have the facts that have no worst value."""
    filled = dict(named) if needed else {**_NEEDED, **named}
    try:
        Facts.of(filled)  # type: ignore[arg-type]
    except ValidationError as error:
        for one in error.errors():
            name = ".".join(str(part) for part in one["loc"][:2])
            if one["type"] == "missing":
                hint = f"{' and '.join(_NEEDED)} have no worst value, so base must name them."
                yield Finding(path, f"{name} is missing", hint)
            elif one["type"] == "extra_forbidden":
                known = list(vocabulary())
                guess = did_you_mean(name, known).strip()
                yield Finding(
                    (*path, name), f"there is no fact {name}", guess or f"Known: {', '.join(known)}."
                )
            else:
                yield Finding((*path, name), f"{name}: {one['msg'].removeprefix('Input ').lower()}")
