"""The question of a run is over: somebody answered it, or nobody did in time; then the run goes on."""

from __future__ import annotations

from pydantic import JsonValue

from bot.assess.assessment import digest_of
from bot.execute.journal import Entry
from bot.execute.steps.ask import answered, unanswered
from bot.flow.commit import Commit
from bot.flow.request import Request
from bot.lifecycle import Event
from bot.terms import Principal


def answering(request: Request, choice: str, *, by: Principal, words: str) -> Commit:
    """The answer is the result of the step, always evidence; `words` say it on the card."""
    entry = answered(_began(request), choice, by=by, words=words)
    return _over(request, Event.ANSWERED, entry, {"answer": choice, "evidence": digest_of(entry.result)})


def given_up(request: Request) -> Commit:
    """Time is over; what follows is the skill's `on_fail`."""
    entry = unanswered(_began(request))
    return _over(request, Event.UNANSWERED, entry, {"principal": "assent", "reason": entry.output})


def _began(request: Request) -> Entry:
    found = request.question
    assert found is not None  # noqa: S101  whoever calls has seen it asking
    return request.journal[found[0]]


def _over(request: Request, event: Event, entry: Entry, audit: dict[str, JsonValue]) -> Commit:
    return Commit(
        op=f"{event.value}:{request.revision}",
        request=request.id,
        event=event,
        revision=request.revision,
        entry=entry,
        set={"missing": (), "notes": ()},
        clear=("expire",),
        work="run",
        audit={
            "step": entry.step,
            "phase": entry.phase,
            "digest": request.assessment.digest if request.assessment else "",
            **audit,
        },
    )
