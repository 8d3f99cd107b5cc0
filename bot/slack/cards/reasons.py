"""An explanation in words that somebody can act on. Escaped; each line stands for itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from bot.assess.decision import Decision, RequireApproval, Requirement
from bot.assess.remedies import ASK_SO, Earning, Override
from bot.assess.trace import Trace
from bot.assess.unfolding import OVERRIDDEN, RELAXED, UNKNOWN
from bot.authorize.click import ClickRefused
from bot.authorize.delegation import in_words
from bot.authorize.explanation import Explanation
from bot.authorize.reach import Reach
from bot.slack.cards.asked import groups, rule
from bot.slack.cards.dates import at, span
from bot.slack.cards.status import needed
from bot.slack.escape import words
from bot.slack.explaining import Explained

_WOULD = {"allow": "allow", "require": "ask", "deny": "deny"}
_SAYS = {"allow": "allows", "require": "asks", "deny": "denies"}
_LISTED = 12


def told(why: Explained) -> Iterator[tuple[str, str, list[str]]]:
    """The parts of an explanation: a name, a title, lines."""
    if why.found is None:
        yield "gates", "Gates", ["It was judged by another release, so its gates cannot be shown."]
        return
    if people := could(why.found):
        yield "could", "Who could say yes now", people
    if changes := remedies(why.found):
        yield "change", "What would change it", changes
    if not why.armed:
        yield "gates", "Gates", ["The policies do not load now, so their gates cannot be shown."]
    elif lines := gates(why.found):
        title = "Gates" if why.same_policy else "Gates, as the policies are now: they have changed since"
        yield "gates", title, lines


def yours(found: Explanation) -> str:
    """For whoever looks: what their yes would do, or why it cannot count. Empty when nobody is asked."""
    match found.person:
        case Reach() as reach:
            return f"You may approve this now, {_reach(reach)}."
        case ClickRefused() as refused:
            return f"You cannot approve this now. {words(str(refused), 600)}"
    return ""


def could(found: Explanation) -> list[str]:
    """Who could say yes now, and what that would complete; whose groups nobody could be asked about."""
    lines = [
        f"• {words(in_words(one.principal, one.sits_for), 120)}, {_reach(one)}"
        for one in found.could_approve[:_LISTED]
    ]
    if (more := len(found.could_approve) - _LISTED) > 0:
        lines.append(f"… and {more} more")
    lines += [
        f"❔ whoever is in @{words(group, 80)}: nobody could say now who that is" for group in found.unknown
    ]
    if not lines and found.missing:
        lines.append("⚠️ Nobody could say yes now: their groups have nobody left who may answer.")
    if not found.could_approve:
        held = found.held_back
        lines += [f"• {words(one.principal, 120)} {words(one.why, 200)}" for one in held[:_LISTED]]
    return lines


def gates(found: Explanation) -> list[str]:
    """Every gate: what applied with what it looked at, then what did not, with the part that was not so."""
    applied = [one for one in found.gates if one.matched or one.error]
    missed = [one for one in found.gates if not (one.matched or one.error) and not _shadow(one)]
    alike: dict[str, list[Trace]] = {}
    for one in missed:
        alike.setdefault(one.missed(), []).append(one)
    return [*(_applied(one) for one in applied), *(_missed(*each) for each in alike.items())]


def remedies(found: Explanation) -> list[str]:
    """What would make it another decision."""
    lines = [line for one in found.earnings for line in _earning(one)]
    lines += [_override(one) for one in found.overrides]
    if found.if_broken is not None:
        lines.append(f"  with the glass broken: {_decided(found.if_broken)}")
    return lines


def _reach(one: Reach) -> str:
    after = "then it is granted" if one.grants else f"then still needed: {needed(one.missing)}"
    return f"for {words(one.stage, 60)}; {after}"


def _shadow(one: Trace) -> bool:
    """A condition that a gate unfolds into: what it says is said of records and overrides."""
    return any(mark in one.rule for mark in (OVERRIDDEN, RELAXED, UNKNOWN))


def _applied(one: Trace) -> str:
    if one.error:
        return f"⚠️ `{rule(one.rule, 100)}` could not be judged, so it denies: {words(one.error, 300)}"
    looked = ", ".join(
        f"{name} is {json.dumps(value, ensure_ascii=False)}" for name, value in one.facts.items()
    )
    seen = f" (`{words(looked, 300)}`)" if looked else ""
    return f"✓ `{rule(one.rule, 100)}` {_SAYS[one.effect]}: {words(one.why, 300)}{seen}"


def _missed(part: str, alike: Sequence[Trace]) -> str:
    """Gates that the same part kept from applying, in one line."""
    named = ", ".join(f"`{rule(one.rule, 100)}` would {_WOULD[one.effect]}" for one in alike[:6])
    more = f" and {len(alike) - 6} more" if len(alike) > 6 else ""
    return f"◦ {named}{more}, but this is not so: `{words(part, 400)}`"


def _earning(one: Earning) -> Iterator[str]:
    asks = _asks(one.instead) if one.instead is not None else "nobody"
    if one.earned:
        yield f"✓ `{rule(one.rule, 100)}` is relaxed by its record ({words(one.record, 100)}): it asks {asks}"
    else:
        until = f", not before {at(one.until)}" if one.until else ""
        short = words("; ".join(one.short), 500)
        yield f"• `{rule(one.rule, 100)}` would ask {asks} for a better record: {short}{until}"


def _override(one: Override) -> str:
    return (
        f"• `{rule(one.rule, 100)}` can be overridden by {_asks(one.asks)}: "
        f"ask again with `{words(ASK_SO)}`. It must begin within {span(one.lasts_s)}; "
        f"{groups(one.glass.notify)} is told, {groups(one.glass.review_by)} reviews it."
    )


def _decided(decision: Decision) -> str:
    rules = ", ".join(dict.fromkeys(f"`{rule(one.rule, 100)}`" for one in decision.because))
    whom = ""
    if isinstance(decision, RequireApproval):
        whom = f" from {' and '.join(_asks(one) for one in decision.requirements)}"
    verb = {"allow": "allowed", "require": "asks for a yes", "deny": "still denied"}[decision.effect]
    return f"{verb}{whom}, by {rules}"


def _asks(one: Requirement) -> str:
    choice = " or ".join(seat.label() for seat in one.any_of)
    return words(" and ".join([*(seat.label() for seat in one.all_of), *([choice] if choice else [])]), 300)
