"""Two demands as one that asks no less than either."""

from __future__ import annotations

from collections.abc import Sequence

from bot.assess.coverage import covers, stages_before
from bot.assess.decision import Because, Deny, Escalation, RequireApproval, Requirement, Seat
from bot.terms import Group

CONTRADICTION = (
    "The policies now ask for its stages in another order than when it was judged, "
    "so nobody could answer for both. Ask for it again."
)


def joined(then: RequireApproval, now: RequireApproval) -> RequireApproval | Deny:
    """What either asks, in the order of `then`. The same seats asked twice are filled once.

    A step of the escalation is taken as soon as either takes it, but people are added only where both add
    them, and as late as the later. Where policies came to order their stages the other way round, nobody
    could ever answer both, and it is denied.
    """
    requirements = _requirements(then, now)
    if any(stage in before for stage, before in stages_before(requirements).items()):
        return Deny(because=(Because(rule="policies/order", why=CONTRADICTION),))
    slow = [one for one in (then, now) if one.burst is not None]
    expires = min(then.expires_after_s, now.expires_after_s)
    return RequireApproval(
        because=tuple(dict.fromkeys((*then.because, *now.because))),
        requirements=requirements,
        denials=min(then.denials, now.denials),
        veto=tuple(dict.fromkeys((*then.veto, *now.veto))),
        expires_after_s=expires,
        grant_expires_after_s=min(then.grant_expires_after_s, now.grant_expires_after_s),
        escalation=_escalation(then, now, requirements, expires),
        broken_glass=tuple(dict.fromkeys((*then.broken_glass, *now.broken_glass))),
        burst=min((one.burst for one in slow if one.burst is not None), default=None),
        burst_within_s=max((one.burst_within_s for one in slow), default=then.burst_within_s),
        coalesce=then.coalesce or now.coalesce,
    )


def _requirements(then: RequireApproval, now: RequireApproval) -> tuple[Requirement, ...]:
    if covers(now, then):
        return now.requirements
    if covers(then, now):
        return then.requirements
    requirements = list(then.requirements)
    before = stages_before((*then.requirements, *now.requirements))
    taken: set[int] = set()
    for one in now.requirements:
        same = [
            at
            for at, other in enumerate(then.requirements)
            if at not in taken and _seats(other) == _seats(one) and _last(other, one, before) is not None
        ]
        if not same:
            requirements.append(one)
            continue
        at = next((at for at in same if then.requirements[at].exclude == one.exclude), same[0])
        requirements[at] = _either(requirements[at], one, _last(requirements[at], one, before))
        taken.add(at)
    return tuple(requirements)


def _seats(one: Requirement) -> tuple[object, ...]:
    """What is asked, apart from who is left out and how it is answered."""
    seats = [[(seat.group, seat.person, seat.count) for seat in some] for some in (one.all_of, one.any_of)]
    return (one.stage, one.distinct, *map(tuple, seats))


_NEITHER = ""


def _last(one: Requirement, other: Requirement, before: dict[str, frozenset[str]]) -> str | None:
    """The later of the stages they wait for, with the other's before it; None when neither is so."""
    after = [stage for stage in (one.after, other.after) if stage is not None]
    if not after:
        return _NEITHER
    return next((stage for stage in after if {*after} - {stage} <= before.get(stage, frozenset())), None)


def _either(one: Requirement, other: Requirement, after: str | None) -> Requirement:
    return one.model_copy(
        update={
            "after": after or None,
            "all_of": _narrower(one.all_of, other.all_of),
            "any_of": _narrower(one.any_of, other.any_of),
            "exclude": tuple(dict.fromkeys((*one.exclude, *other.exclude))),
            "barred": tuple(sorted({*one.barred, *other.barred})),
            "reason": one.reason or other.reason,
            "typed": one.typed or other.typed,
        }
    )


def _narrower(some: Sequence[Seat], others: Sequence[Seat]) -> tuple[Seat, ...]:
    """The same seats, for those whom both let in."""
    pairs = zip(some, others, strict=True)
    return tuple(
        one.model_copy(update={"also": tuple(group for group in one.also if group in other.also)})
        for one, other in pairs
    )


def _escalation(
    then: RequireApproval, now: RequireApproval, requirements: Sequence[Requirement], expires_s: int
) -> tuple[Escalation, ...]:
    stages = list(dict.fromkeys(one.stage for one in requirements))
    steps = [
        one.model_copy(update={"add": (), "stage": None})
        for one in (*then.escalation, *now.escalation)
        if one.remind or one.page
    ]
    for stage in stages:
        first, second = (_added(one, stage) for one in (then, now))
        steps += [
            Escalation(after_s=max(at, second[group]), add=(group,), stage=stage)
            for group, at in first.items()
            if group in second
        ]
    kept = dict.fromkeys(one for one in steps if one.after_s < expires_s)
    return tuple(sorted(kept, key=lambda one: one.after_s))


def _added(decision: RequireApproval, stage: str) -> dict[Group, int]:
    """Whom its escalation lets into a stage, and after how many seconds first."""
    found: dict[Group, int] = {}
    for step in decision.escalation:
        for group in step.add if step.stage in (None, stage) else ():
            found[group] = min(step.after_s, found.get(group, step.after_s))
    return found
