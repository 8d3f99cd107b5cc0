"""Chapter five: a run has ended. Its cost is settled, its target is free, its record is evidence."""

from __future__ import annotations

import json

from pydantic import JsonValue

from bot.assess.decision import RequireApproval
from bot.assess.estimate import account_of
from bot.assess.evidence import band, failed, lot_of
from bot.assess.prices import PriceCard
from bot.assess.unfolding import RELAXED
from bot.execute.moves import Finish
from bot.flow import reviewing
from bot.flow.commit import Commit
from bot.flow.request import Request
from bot.lifecycle import Event
from bot.settle.ledger import spent, used
from bot.settle.outcome import Outcome
from bot.terms import Micros


def closing(request: Request, finish: Finish, *, prices: PriceCard, fence: int) -> Commit:
    """The one write that ends a run: state, outcome, money, lock, history and audit together."""
    units = used(request.journal)
    ceiling = request.assessment.estimate.ceiling if request.assessment else Micros(0)
    known = spent(request.journal, prices)
    settled = ceiling if known is None else known  # what has no price is never zero
    checks = next((e.checks for e in reversed(request.journal) if e.phase == "measure" and e.checks), ())
    result = _told(request)
    review = reviewing.opened(request)
    line = {
        "request": request.id,
        "cost": settled,
        "units": units,
        "outcome": finish.ending,
        "digest": request.invocation.digest,
        "version": request.invocation.version,
        "may": request.assessment.may if request.assessment else None,
        "risk": request.assessment.risk if request.assessment else None,
        "at": int(request.updated_at.timestamp() * 1000),
    }
    return Commit(
        op=f"finish:{fence}",
        request=request.id,
        event=Event(finish.ending),
        kind="settled",
        fence=fence,
        drop_lease=True,
        clear=("lease", "grant", "expire"),
        unlock=True,
        settle=settled,
        history=(account_of(request.invocation), json.dumps(line)),
        failed=failed({"outcome": finish.ending}),
        band=band(request.assessment.risk) if request.assessment else None,
        lot=_used_up(request),
        set={
            "outcome": Outcome(kind=finish.ending, sentence=finish.sentence, checks=checks, result=result),
            "cost": settled,
            "progress": "",
            "notes": (),
            **({"review": review} if review else {}),
        },
        timers={"review": int((review.due - request.updated_at).total_seconds() * 1000)} if review else {},
        tell=(reviewing.notice(request, review),) if review else (),
        audit={
            "principal": "assent",
            "outcome": finish.ending,
            "reason": finish.sentence,
            "cost": settled,
            "digest": request.assessment.digest if request.assessment else "",
        },
    )


def _used_up(request: Request) -> str | None:
    """The lot that was drawn for it, where people looked at it or a record was enough.

    What ran for neither reason leaves it: else a run beside the gate would draw anew for what is picked.
    """
    judged = request.assessment
    if judged is None:
        return None
    earned = any(line.rule.endswith(RELAXED) for line in judged.decision.because)
    if not earned and not isinstance(judged.decision, RequireApproval):
        return None
    return lot_of(band(judged.risk), judged.plan.target.identity)


def _told(request: Request) -> dict[str, JsonValue] | None:
    """What a read-only skill found is what was asked for; of the others, the checks say what matters."""
    facts = request.assessment.facts if request.assessment else {}
    if facts.get("request.mode") != "read_only":
        return None
    return next((e.result for e in reversed(request.journal) if e.phase == "step" and e.result), None)
