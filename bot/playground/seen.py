"""The workspace as one person sees it: what the page draws."""

from collections.abc import Callable
from copy import deepcopy

from bot.playground.notices import Notices
from bot.playground.people import TEAM_DOMAIN, TEAM_ID, TEAM_NAME, Person
from bot.playground.views import Views
from bot.playground.workspace import Channel, Json, Workspace


class Seen:
    def __init__(self, workspace: Workspace, views: Views, shown_app: Callable[[], Json]) -> None:
        self._workspace, self._views, self._shown_app = workspace, views, shown_app

    def state(self, user: str, notices: Notices) -> Json:
        visible = [each for each in self._workspace.channels.values() if self._listed(each, user)]
        return {
            "team": {"id": TEAM_ID, "name": TEAM_NAME, "domain": TEAM_DOMAIN},
            "me": user,
            "users": [self._person(each) for each in self._workspace.people.values()],
            "channels": [self.channel(each, user) for each in visible],
            "usergroups": [
                {"id": each.id, "handle": each.handle, "name": each.name, "users": list(each.users)}
                for each in self._workspace.groups
            ],
            "app": self._shown_app(),
            "messages": {each.id: self.messages(each, user) for each in visible},
            "pins": {each.id: list(each.pins) for each in visible},
            "views": deepcopy(self._views.stacks.get(user, [])),
            "home": deepcopy(self._workspace.homes.get(user)),
            "log": list(notices.entries),
        }

    def messages(self, channel: Channel, user: str) -> list[Json]:
        return [deepcopy(each) for each in channel.messages if each.get("only_to") in (None, user)]

    def channel(self, one: Channel, user: str) -> Json:
        shown: Json = {
            "id": one.id,
            "name": one.name or self._workspace.app.name,
            "topic": one.topic,
            "purpose": one.purpose,
            "is_private": one.is_private,
            "is_im": one.is_im,
            "is_archived": one.is_archived,
            "is_ext_shared": one.is_ext_shared,
            "is_member": user in one.members,
            "members": list(one.members),
            "unread": self._unread(one, user),
        }
        return shown | ({"user": self._workspace.app.user_id} if one.is_im else {})

    def _listed(self, one: Channel, user: str) -> bool:
        return one.user == user if one.is_im else self._workspace.sees(user, one)

    def _unread(self, one: Channel, user: str) -> int:
        seen = [each for each in one.messages if each.get("only_to") in (None, user)]
        return sum(1 for each in seen if each["ts"] > one.read.get(user, "") and each.get("user") != user)

    def _person(self, person: Person) -> Json:
        return {
            "id": person.id,
            "name": person.name,
            "real_name": person.real_name,
            "title": person.title,
            "kind": "bot" if person.kind == "app" else person.kind,
            "color": person.color,
            "tz": person.tz,
            "is_bot": person.is_bot,
            "deleted": person.kind == "deleted",
        }
