"""Slash commands: told to the app as a form, its answer shown as Slack shows it."""

import json
import re
import secrets

from bot.playground import faces
from bot.playground.content import content
from bot.playground.delivery import Delivery
from bot.playground.methods.call import Office
from bot.playground.notices import Notices
from bot.playground.people import TEAM_DOMAIN, Person
from bot.playground.tickets import SlackError
from bot.playground.wire import Answer
from bot.playground.workspace import Channel, Json, Workspace

MENTIONED = re.compile(r"(?<![\w<@])@([a-z0-9._-]*[a-z0-9])", re.IGNORECASE)
PLACED = re.compile(r"(?<![\w<#&])#([a-z0-9_-]+)", re.IGNORECASE)
LINK = re.compile(r"(?<![<|\w])https?://[^\s<>|]+")
ENTITY = re.compile(r"(<@[UW]\w+(?:\|[^>]*)?>|<#C\w+(?:\|[^>]*)?>|<!subteam\^S\w+(?:\|[^>]*)?>)")


def translated(text: str, workspace: Workspace, *, labels: bool = False) -> str:
    """What a person typed as Slack passes it on: `& < >` escaped, @names, #channels and links made entities.

    Entities the page already made stay. `labels` adds the name behind a bar, as slash commands get them.
    """
    users = {each.name.lower(): each.id for each in workspace.people.values()}
    groups = {each.handle.lower(): each.id for each in workspace.groups}
    broadcasts = {"here", "channel", "everyone"}

    def mention(found: re.Match[str]) -> str:
        name = found[1].lower()
        if name in users:
            return f"<@{users[name]}|{name}>" if labels else f"<@{users[name]}>"
        if name in groups:
            return f"<!subteam^{groups[name]}|@{name}>" if labels else f"<!subteam^{groups[name]}>"
        return f"<!{name}>" if name in broadcasts else found[0]

    def place(found: re.Match[str]) -> str:
        channel = workspace.named(found[1].lower())
        return f"<#{channel.id}|{channel.name}>" if channel else found[0]

    def plain(part: str) -> str:
        part = part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return LINK.sub(r"<\g<0>>", PLACED.sub(place, MENTIONED.sub(mention, part)))

    return "".join(part if index % 2 else plain(part) for index, part in enumerate(ENTITY.split(text)))


class Commands:
    def __init__(self, office: Office, delivery: Delivery, notices: Notices) -> None:
        self._office, self._delivery, self._notices = office, delivery, notices
        self._workspace, self._app = office.workspace, office.workspace.app

    async def run(self, person: Person, channel: Channel, typed: str) -> bool:
        """Tells the app; whether it acknowledged. What went wrong is shown to the person alone."""
        name, _, rest = typed.strip().partition(" ")
        command = self._app.command(name)
        if command is None or person.kind == "stranger":  # the app is not installed where a stranger lives
            self._notices.show("error", f"{name} is not a valid command.", user=person.id, channel=channel.id)
            return False
        text = rest.strip()
        if command.get("should_escape"):
            text = translated(text, self._workspace, labels=True)
        path = self._office.tickets.response_url("commands", person.id, channel.id)
        payload: Json = {
            "token": secrets.token_hex(12),
            "team_id": self._app.team_id,
            "team_domain": TEAM_DOMAIN,
            "channel_id": channel.id,
            "channel_name": "directmessage"
            if channel.is_im
            else "privategroup"
            if channel.is_private
            else channel.name,
            "user_id": person.id,
            "user_name": person.name,
            "command": name,
            "text": text,
            "api_app_id": self._app.app_id,
            "is_enterprise_install": "false",
            "response_url": self._office.url + path,
            "trigger_id": self._office.tickets.trigger(person.id),
        }
        answer = await self._delivery.ask("slash_commands", payload)
        wrong = answer.in_words or self._shown(person, channel, answer)
        if wrong:
            self._notices.show("error", f"{name} failed because {wrong}.", user=person.id, channel=channel.id)
        return not wrong

    def _shown(self, person: Person, channel: Channel, answer: Answer) -> str:
        """Shows what the app answered with, if anything; why that could not be shown."""
        body = answer.body if answer.body is not None else {"text": answer.text}
        if not body.get("text") and not body.get("blocks") and not body.get("attachments"):
            return ""
        try:
            said = content(body)
        except SlackError as refusal:
            return f"its answer was refused ({refusal.error}: {json.dumps(refusal.fields)[:300]})"
        author = faces.authored(self._workspace, self._workspace.people[self._app.user_id])
        if body.get("response_type") == "in_channel":
            self._workspace.post(channel, {**author, **said})
        else:
            self._workspace.whisper(channel, person.id, {**author, **said})
        return ""
