"""What every click passes first: is it ours, is it this card, who is it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.assess.decision import RequireApproval
from bot.authorize.click import Click, ClickRefused, RefusedBecause
from bot.authorize.people import Person, Standing, Undetermined
from bot.authorize.seating import groups_of
from bot.flow.ports import People, Store
from bot.flow.request import Request
from bot.terms import Group, Principal

CARD_WAITS = 20
"""A click can be faster than our note of where the card went: look again for two seconds."""


@dataclass(frozen=True, slots=True)
class Doorway:
    """The checks in the order in which they are promised; each refusal has its own reason."""

    store: Store
    people: People
    app: str | None = None

    async def of_the_card(self, click: Click) -> Request:
        if click.team != self.store.team or (click.app and self.app and click.app != self.app):
            raise ClickRefused(
                RefusedBecause.WRONG_WORKSPACE, "This request belongs to another workspace or app."
            )
        if not click.genuine:
            raise ClickRefused(
                RefusedBecause.FORGED, "This button was not made by me. Use the one on the request's card."
            )
        for _ in range(CARD_WAITS):
            request = await self.store.get(click.request)
            if request is None or request.card is not None:
                break
            await asyncio.sleep(0.1)
        if request is None or click.card_revision != request.card_revision:
            raise ClickRefused(
                RefusedBecause.STALE_CARD,
                "This card is out of date: the request changed since it was shown. Use the newest card.",
            )
        if request.card is None or (request.card.channel, request.card.ts) != (
            click.channel,
            click.message_ts,
        ):
            raise ClickRefused(
                RefusedBecause.WRONG_MESSAGE, "This message is not the request's card. Use the card itself."
            )
        return request

    async def who(self, click: Click) -> tuple[Person, Principal]:
        try:
            person = await self.people.person(click.slack_user, team=click.team)
        except Undetermined as away:
            raise undetermined(away) from away
        if person.standing is not Standing.MEMBER:
            raise ClickRefused(
                RefusedBecause.NOT_A_MEMBER,
                f"Only full members of this workspace can answer; this account is a {person.standing}."
                if person.standing is not Standing.DELETED
                else "This account is deactivated.",
                detail=person.standing.value,
            )
        if person.principal is None:
            raise ClickRefused(
                RefusedBecause.UNKNOWN_PERSON,
                "I do not know who you are. Ask the platform team to add you to policies/people.yaml.",
            )
        return person, person.principal

    async def members(self, decision: RequireApproval) -> dict[Group, frozenset[Principal]]:
        try:
            return {group: await self.people.members(group) for group in sorted(groups_of(decision))}
        except Undetermined as away:
            raise undetermined(away) from away

    async def note(self, click: Click, refused: ClickRefused) -> None:
        try:
            person = await self.people.person(click.slack_user, team=click.team)
            who = person.principal or click.slack_user
        except Undetermined:
            who = click.slack_user
        request = await self.store.get(click.request) if click.genuine else None
        await self.store.record(
            "refused_click",
            request=click.request,
            principal=who,
            reason=refused.reason.value,
            detail=refused.detail,
            action=click.action,
            digest=request.assessment.digest if request and request.assessment else "",
        )


def undetermined(away: Undetermined) -> ClickRefused:
    """Not knowing is not a no: the person is asked to try again, and nobody else is let in instead."""
    return ClickRefused(
        RefusedBecause.UNDETERMINED, f"{away} Your answer was not counted: try again in a minute."
    )


def decided(request: Request) -> ClickRefused:
    if request.state.value == "expired":
        return ClickRefused(
            RefusedBecause.EXPIRED, f"{request.id} has expired. Ask again if it is still needed."
        )
    return ClickRefused(
        RefusedBecause.ALREADY_DECIDED, f"{request.id} is already {request.state.value.replace('_', ' ')}."
    )
