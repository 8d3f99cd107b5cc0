"""Answers that only read: help, what is open, why it was decided so, what it cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from bot.ask.grammar import Asked, Costs, Help, Home, Status, Why
from bot.ask.help import help_text, skill_help
from bot.authorize.people import Standing
from bot.flow.ports import People
from bot.flow.request import Request
from bot.lifecycle import OPEN
from bot.slack.cards import parts, reasons, sentence
from bot.slack.cards.asked import VERDICT, reviewed, rule
from bot.slack.cards.status import WORDS, needed, word
from bot.slack.escape import account, words
from bot.slack.explaining import Explained, Explaining
from bot.slack.ports import MayAsk, Records, Skills
from bot.terms import RequestId, dollars

LISTED = 15
WHOLE_ANSWER = 3400
"""Characters of a private message that are sure to be shown."""


class Answers:
    """Private, and for full members only: what runs where is not for guests and strangers."""

    def __init__(
        self,
        *,
        skills: Skills,
        records: Records,
        people: People,
        may_ask: MayAsk,
        explaining: Explaining,
        command: str,
    ) -> None:
        self._explaining = explaining
        self._skills, self._records, self._people = skills, records, people
        self._may_ask, self._command = may_ask, command

    async def text(self, asked: Asked, slack_user: str) -> str:
        """Raises Undetermined when Slack cannot say who asks, StoreAway when the store cannot be read."""
        person = await self._people.person(slack_user)
        if person.standing is not Standing.MEMBER:
            return f"I answer full members of this workspace only; this account is a {person.standing}."
        match asked:
            case Help(topic=None) | Home():
                mine = await self._may_ask(slack_user)
                return help_text(
                    self._skills(), command=self._command, may_ask=lambda skill: skill.name in mine
                )
            case Help(topic=str(topic)):
                return skill_help(self._skills().find(topic), self._command)
            case Status(request=None):
                return await self._open()
            case Status(request=str(one)):
                found = await self._records.get(one)
                return sentence(found) if found else _missing(one)
            case Why(request=one):
                found = await self._records.get(one)
                if found is None:
                    return _missing(one)
                return why(found, await self._explaining.of(found, person.principal))
            case Costs():
                return costs(await self._records.recent(limit=500))
        return ""

    async def _open(self) -> str:
        found = await self._records.recent(limit=LISTED + 1, state=[state.value for state in OPEN])
        reviews = [listed(each) for each in await self._records.to_review()]
        if not found and not reviews:
            return "Nothing is open. The last ones are in the channel where they were asked."
        lines = [listed(each) for each in found[:LISTED]]
        if len(found) > LISTED:
            lines.append("… and older ones: `assent requests list` shows all.")
        if len(reviews) > LISTED:
            reviews = [*reviews[:LISTED], f"… and {len(reviews) - LISTED} more to review"]
        return "\n".join([*lines, *reviews])


def listed(request: Request) -> str:
    """One request in one line."""
    waits = f", needs {needed(request.missing)}" if request.missing and request.state in OPEN else ""
    if request.review is not None:
        waits = f". {reviewed(request, 200)}"
    return (
        f"{WORDS[request.state][0]} *{words(request.id, 40)}* {words(parts.headline(request), 150)}: "
        f"{word(request).lower()}{waits} (asked by {account(request.asked_by)})"
    )


def why(request: Request, explanation: Explained | None) -> str:
    """As much as one private message holds, what somebody can act on first."""
    judged = request.assessment
    if judged is None or explanation is None:
        return f"{words(request.id, 40)} has not been judged yet: its plan is being worked out."
    said = [f"• `{rule(each.rule, 100)}` {words(each.why, 300)}" for each in judged.decision.because]
    verdict = VERDICT[judged.decision.effect]
    lines = [
        f"{words(request.id, 40)}, {words(parts.headline(request), 200)}: "
        f"policy {words(judged.policy, 100)} {verdict}, because",
        *said[:15],
    ]
    if explanation.found and (yours := reasons.yours(explanation.found)):
        lines.append(f"👤 {yours}")
    for _, title, more in reasons.told(explanation):
        lines += [f"*{title}*", *more]
    lines.append(f"Risk {judged.risk} of 100. Cost {parts.cost(request, judged, 200)}")
    return parts.leading(lines, room=WHOLE_ANSWER)


def costs(requests: Sequence[Request]) -> str:
    """What finished runs cost, by skill and environment, over the latest requests."""
    spent: dict[str, list[int]] = defaultdict(list)
    for request in requests:
        if request.cost is not None:
            spent[f"{request.invocation.skill} in {request.invocation.environment}"].append(request.cost)
    if not spent:
        return "Nothing has been settled yet."
    lines = [f"*Settled over the latest {len(requests)} requests*"]
    for name, amounts in sorted(spent.items(), key=lambda each: -sum(each[1]))[:20]:
        lines.append(
            f"• {words(name, 120)}: {dollars(sum(amounts))} in {len(amounts)} "
            f"{'run' if len(amounts) == 1 else 'runs'}"
        )
    return "\n".join([*lines, "Budgets and estimates: `assent costs`."])


def _missing(request: RequestId) -> str:
    return f"There is no request {words(request, 40)}."
