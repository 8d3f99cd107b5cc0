"""Recorded judgements, for commands that look at them under other policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from bot.cli import opened, terminal
from bot.cli.decisions import short, words_of

if TYPE_CHECKING:
    from bot.ask.catalog import Catalog
    from bot.assess.assessment import Assessment
    from bot.assess.facts import Facts
    from bot.assess.policy import Policies
    from bot.flow.request import Request


@dataclass(frozen=True, slots=True)
class Judged:
    """One request as it was judged, in one workspace."""

    request: Request
    then: Assessment
    team: str
    declared: int | None
    """The risk the skill declared, where that can still be known."""

    def facts_under(self, policies: Policies) -> Facts | None:
        """None when the facts are of another vocabulary, as an older release may have written them."""
        from bot.assess.replay import replayed

        at = self.request.asked_at
        try:
            return replayed(self.then, policies, at=at, team=self.team, declared=self.declared)
        except ValidationError:
            terminal.note(f"{self.request.id} was judged with other facts and is left out.")
            return None


async def judged(team: str | None, limit: int) -> list[Judged]:
    """The newest requests that were judged, newest first. Raises Refused as opening the store does."""
    catalog = opened.artifacts().skills()
    async with opened.store(team) as store:
        requests = await store.recent(limit=limit)
        return [
            Judged(request, request.assessment, store.team, _declared(request.assessment, catalog))
            for request in requests
            if request.assessment is not None
        ]


def _declared(then: Assessment, catalog: Catalog) -> int | None:
    from bot.assess.risk import declared

    if not then.risk_why:
        return then.risk  # nothing was added to it
    skill = catalog.get(then.invocation.skill)
    if skill is None or skill.digest != then.binding.skill_digest:
        return None
    return declared(skill.manifest.effects, then.invocation.environment)


def replay(policies: Policies, records: Sequence[Judged]) -> list[dict[str, Any]]:
    """Each record decided by these policies, beside how it was decided."""
    from bot.assess.gate import decide
    from bot.assess.strictness import direction

    rows = []
    for one in records:
        if (facts := one.facts_under(policies)) is None:
            continue
        then, now = one.then.decision, decide(policies, facts)
        rows.append(
            {
                "request": one.request.id,
                "state": one.request.state.value,
                "what": one.request.invocation.sentence(),
                "change": direction(then, now).value,
                "then": short(then),
                "now": short(now),
            }
        )
    return rows


def say(rows: list[dict[str, Any]], *, json: bool) -> None:
    """Those that differ."""
    differ = [row for row in rows if row["change"] != "same"]
    if json:
        terminal.as_json({"replayed": len(rows), "differ": len(differ), "requests": differ})
        return
    terminal.table(
        ("request", "what", "then", "now", ""),
        [(one["request"], one["what"], words_of(one["then"]), words_of(one["now"]), one["change"])
         for one in differ],
        empty="Every one would be decided as it was.",
    )  # fmt: skip
    terminal.note(f"{len(differ)} of the last {len(rows)} decisions would differ.")
