"""Events: messages to us are kept for the desk, the Home tab is drawn, changes of groups are noticed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.authorize.people import Undetermined
from bot.flow.ports import People, StoreAway
from bot.lifecycle import OPEN
from bot.slack.afterwards import Afterwards
from bot.slack.home import home
from bot.slack.ports import Inbox, Records
from bot.slack.spoken import identity, item_of
from bot.slack.web_api import FAILURES, failure

log = logging.getLogger(__name__)

DIRECTORY = frozenset(
    {"subteam_created", "subteam_updated", "subteam_members_changed", "user_change", "team_join"}
)


class Messages:
    def __init__(
        self,
        *,
        team: str,
        inbox: Inbox,
        records: Records,
        people: People,
        client: AsyncWebClient,
        command: str,
        afterwards: Afterwards,
        directory_changed: Callable[[], None],
    ) -> None:
        self._team, self._inbox, self._records, self._people = team, inbox, records, people
        self._client, self._command, self._afterwards = client, command, afterwards
        self._directory_changed = directory_changed

    async def heard(self, body: Mapping[str, Any]) -> None:
        """Kept before it returns; raises StoreAway when it cannot be, so that Slack sends it again."""
        event = body["event"]
        if body.get("team_id") not in (None, self._team):
            return
        match event.get("type"):
            case "message" | "app_mention":
                if item := item_of(event, self._team):
                    said = {name: str(value) for name, value in item.items()}
                    await self._inbox.put_inbox("message", item, identity=identity(said))
            case "app_home_opened" if event.get("tab") == "home" and isinstance(event.get("user"), str):
                self._afterwards.start(self.publish(event["user"]))
            case str(name) if name in DIRECTORY:
                self._directory_changed()

    async def publish(self, slack_user: str) -> None:
        try:
            person = await self._people.person(slack_user)
            opened = await self._records.recent(limit=200, state=[state.value for state in OPEN])
            newest = [*await self._records.to_review(), *await self._records.recent(limit=50)]
        except (Undetermined, StoreAway) as away:
            view = {"type": "home", "blocks": [_plain(str(away))]}
        else:
            together = {request.id: request for request in (*opened, *newest)}
            view = home(
                person,
                sorted(together.values(), key=lambda each: each.asked_at, reverse=True),
                command=self._command,
            )
        try:
            await self._client.views_publish(user_id=slack_user, view=view)
        except FAILURES as raised:
            log.info("could not draw the Home of %s: %s", slack_user, failure(raised).error)


def _plain(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "plain_text", "text": text[:2900]}}
