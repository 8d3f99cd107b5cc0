"""What has happened of a run, in order, written before and after each effect."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue, SerializerFunctionWrapHandler, model_serializer

from bot.assess.decision import Seat
from bot.execute.sandbox.walls import Tier
from bot.execute.uses import Use
from bot.terms import Micros, Record

Phase = Literal["precondition", "step", "probe", "undo", "measure"]


class Check(Record):
    """One line of the definition of done: `met` is None when there was no data, which never passes."""

    name: str
    expected: str
    observed: JsonValue = None
    met: bool | None


class Posed(Record):
    """A question as it stands on the card: whoever sits in one of `who` may answer it.

    An answer in `stop_on` stops the run.
    """

    question: str
    choices: tuple[str, ...]
    stop_on: tuple[str, ...] = ()
    who: tuple[Seat, ...]
    exclude: tuple[Literal["requester"], ...] = ()

    def label(self) -> str:
        """`alice or @sre`."""
        return " or ".join(seat.label() for seat in self.who)


class Entry(Record):
    """One line of the journal. `began` without a later `ended` of the same step and fence is in flight.

    `phase` tells a step from its undo and from the measurement. `resolved` is a person's answer about a step
    that nobody could know about: it did not happen, run it; it happened, go on; stop and undo. `tier` is how
    strongly its program was held; entries of earlier versions do not say it. `reason` is why we ended it, as
    words that follow "it". `posed` is the question of an `ask` step, when it is put and when it is over: its
    result is `{"answer": choice, "by": person}`. `units` is what it used beside time, such as a model's
    tokens; `uses` what it had looked up; `most` what it may cost until somebody sees it end.
    """

    event: Literal["began", "ended", "resolved", "stop_asked"]
    step: str
    phase: Phase = "step"
    fence: int
    at: AwareDatetime
    title: str = ""
    ok: bool | None = None
    exit_code: int | None = None
    wall_ms: int = 0
    output: str = ""
    result: dict[str, JsonValue] | None = None
    checks: tuple[Check, ...] = ()
    answer: Literal["retry_step", "skip_step", "undo"] | None = None
    by: str = ""
    tier: Tier | None = None
    reason: str = ""
    posed: Posed | None = None
    units: dict[str, float] = Field(default_factory=dict)
    uses: tuple[Use, ...] = ()
    most: Micros | None = None

    @model_serializer(mode="wrap")
    def _short(self, plain: SerializerFunctionWrapHandler) -> dict[str, object]:
        """A process of the version before these fields can read every entry that makes no use of them."""
        said: dict[str, object] = plain(self)
        return {
            key: value
            for key, value in said.items()
            if value or key not in ("posed", "units", "uses", "most")
        }
