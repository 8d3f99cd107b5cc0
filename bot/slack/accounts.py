"""What Slack says of accounts and user groups: asked no oftener than it allows, never remembered for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.authorize.people import Standing, Undetermined
from bot.slack.web_api import FAILURES, failure
from bot.terms import Group

FRESH_S = 3.0
"""Lists of groups are read at most so often: Slack allows about 20 a minute."""
SAME_CLICK_S = 1.0
"""One click asks twice about who pressed; the second time is answered from the first."""
KNOWN_S = 60.0
"""How long we go on knowing whose account a listed member's is; whoever presses is looked up afresh."""

_NOBODY = frozenset({"user_not_found", "user_not_visible", "users_not_found"})

Account = Mapping[str, Any]
"""Slack's record of an account."""


class Accounts:
    """Asked and not answered is Undetermined, never a remembered answer."""

    def __init__(
        self, client: AsyncWebClient, *, team: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client, self._team, self._clock = client, team, clock
        self._groups: dict[Group, frozenset[str]] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        self._known: dict[str, tuple[float, Account | None]] = {}

    async def account(self, slack_user: str, *, at_most_s: float = KNOWN_S) -> Account | None:
        """Slack's record of an account, None when there is none that we may see."""
        known_at, known = self._known.pop(slack_user, (float("-inf"), None))
        if self._clock() - known_at >= at_most_s:
            known_at, known = self._clock(), await self._asked("users.info", user=slack_user)
        self._known[slack_user] = known_at, known
        return known

    async def by_email(self, address: str) -> Account | None:
        return await self._asked("users.lookupByEmail", email=address)

    async def members_of(self, group: Group) -> list[Account]:
        """The full members of a user group; a guest in it does not make it larger."""
        users = (await self.groups()).get(group, frozenset())
        people = await asyncio.gather(*(self.account(user) for user in sorted(users)))
        return [one for one in people if one is not None and self.standing(one) is Standing.MEMBER]

    async def groups(self) -> Mapping[Group, frozenset[str]]:
        """Slack's user groups, by handle: whose accounts are in them."""
        async with self._reading:
            if self._clock() - self._read_at < FRESH_S:
                return self._groups
            # Forgotten before asking: after a failure there is nothing old to fall back to.
            self._groups, self._read_at = {}, float("-inf")
            try:
                answer = await self._client.usergroups_list(include_users=True)
                found = {
                    Group(str(each["handle"])): frozenset(await self._users_of(each))
                    for each in answer.get("usergroups") or []
                    if not each.get("date_delete")
                }
            except FAILURES as raised:
                raise _undetermined(failure(raised).error) from raised
            self._groups, self._read_at = found, self._clock()
            return found

    def standing(self, account: Account) -> Standing:
        return standing(account, self._team)

    def forget(self) -> None:
        """Slack said that people or groups changed: the next question is asked afresh."""
        self._read_at = float("-inf")
        self._known.clear()

    async def _asked(self, method: str, **arguments: str) -> Account | None:
        try:
            answer = await self._client.api_call(method, http_verb="GET", params=arguments)
        except FAILURES as raised:
            why = failure(raised)
            if why.error in _NOBODY:
                return None
            raise _undetermined(why.error) from raised
        user = answer.get("user")
        if not isinstance(user, dict):
            raise _undetermined("no user in the answer")
        return user

    async def _users_of(self, group: Mapping[str, Any]) -> list[str]:
        if isinstance(group.get("users"), list):
            return [str(user) for user in group["users"]]
        answer = await self._client.usergroups_users_list(usergroup=str(group["id"]))
        return [str(user) for user in answer.get("users") or []]


def standing(user: Account, team: str) -> Standing:
    """What Slack's flags make of an account; who is not plainly a full member of ours is something else."""
    if user.get("deleted"):
        return Standing.DELETED
    if user.get("is_bot") or user.get("is_workflow_bot") or user.get("id") == "USLACKBOT":
        return Standing.BOT
    if user.get("is_stranger") or (user.get("team_id") != team and not in_grid_of(user, team)):
        return Standing.STRANGER
    if user.get("is_restricted") is not False or user.get("is_ultra_restricted") is not False:
        return Standing.GUEST
    return Standing.MEMBER


def in_grid_of(user: Account, team: str) -> bool:
    """Whether an account of another workspace is one of the same grid organisation."""
    enterprise = user.get("enterprise_user")
    return isinstance(enterprise, dict) and team in (enterprise.get("teams") or [])


def email_of(user: Account) -> str | None:
    """Only an address that Slack has confirmed says who somebody is."""
    profile = user.get("profile")
    address = profile.get("email") if isinstance(profile, dict) else None
    return str(address) if address and user.get("is_email_confirmed") is not False else None


def _undetermined(error: str) -> Undetermined:
    return Undetermined(f"I cannot ask Slack who you are at the moment ({error}), so nothing was changed.")
