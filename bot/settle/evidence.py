"""What a skill keeps as evidence: results as they are stored, held against the digests in the audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, JsonValue

from bot.assess.assessment import digest_of
from bot.execute.journal import Entry
from bot.terms import RequestId

Holds = Literal["as written", "changed", "missing", "nothing"]
"""`nothing`: the step printed no result, and the audit says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One result that is evidence. `digest` is what the audit has, None where there was no result."""

    step: str
    phase: str
    at: AwareDatetime
    digest: str | None
    result: dict[str, JsonValue] | None
    holds: Holds

    @property
    def good(self) -> bool:
        return self.holds in ("as written", "nothing")


def evidence(
    request: RequestId, journal: Sequence[Entry], audit: Sequence[Mapping[str, Any]]
) -> tuple[Shown, ...]:
    """Every result that the audit calls evidence of this request, in order.

    `audit` is as it is kept, with `at` in milliseconds. An entry and its line in the audit are of one script
    and one moment.
    """
    kept = {
        (entry.step, entry.phase, round(entry.at.timestamp() * 1000)): entry
        for entry in journal
        if entry.event == "ended"
    }
    return tuple(
        _shown(line, kept.get((line["step"], line["phase"], line["at"])))
        for line in audit
        if line.get("request") == request and "evidence" in line
    )


def _shown(line: Mapping[str, Any], entry: Entry | None) -> Shown:
    digest, result = line["evidence"], entry.result if entry is not None else None
    holds: Holds
    if digest is None:
        holds = "nothing" if result is None else "changed"
    else:
        holds = "missing" if result is None else "as written" if digest_of(result) == digest else "changed"
    return Shown(
        step=line["step"],
        phase=line["phase"],
        at=datetime.fromtimestamp(line["at"] / 1000, tz=UTC),
        digest=digest,
        result=result,
        holds=holds,
    )
