"""What a person does with the app's surfaces, told as Slack would, and what the answer does."""

import secrets
from typing import Any

from bot.playground import faces
from bot.playground.blocks import elements_of
from bot.playground.delivery import Delivery
from bot.playground.inputs import STATEFUL, chosen, state_values, unfinished
from bot.playground.methods.call import Office
from bot.playground.notices import Notices
from bot.playground.people import TEAM_DOMAIN, Person
from bot.playground.tickets import SlackError
from bot.playground.wire import Answer
from bot.playground.workspace import Channel, Json

TROUBLE = "We had some trouble connecting. Try again?"


class Denied(Exception):
    """The person cannot do that here; the message says what would be right."""


class Interactions:
    def __init__(self, office: Office, delivery: Delivery, notices: Notices) -> None:
        self._office, self._delivery, self._notices = office, delivery, notices
        self._workspace, self._app = office.workspace, office.workspace.app

    # -- buttons, menus, inputs --------------------------------------------------------------------
    async def act(self, person: Person, container: Json, action: Json, state: Any) -> Answer:
        """A click or a choice. What the element holds is taken from the stored surface, not from the page."""
        if container.get("type") == "view":
            owner, view = self._view(container)
            if owner != person.id:
                raise Denied("That view is not yours.")
            view["state"] = {"values": state_values(view["blocks"], _values(state))}
            said: Json = {"container": {"type": "view", "view_id": view["id"]}, "view": view}
            blocks = view["blocks"]
        else:
            channel, message = self._message(person, container)
            said = self._from_message(person, channel, message)
            blocks = [*message.get("blocks", [])]
            blocks += [one for each in message.get("attachments", []) for one in each.get("blocks", [])]
            said["state"] = {"values": state_values(blocks, _values(state))}
        said["actions"] = [self._action(blocks, action)]
        answer = await self._interact("block_actions", person, said)
        self._complain(person, answer, str(container.get("channel") or ""), "That did not work")
        return answer

    def _action(self, blocks: list[Json], given: Json) -> Json:
        wanted = (given.get("block_id"), given.get("action_id"))
        for block in blocks:
            for element in elements_of(block):
                if (block.get("block_id"), element.get("action_id")) == wanted:
                    said = {"type": element["type"], "action_id": wanted[1], "block_id": wanted[0]}
                    return said | _did(element, given) | {"action_ts": self._workspace.next_ts()}
        raise Denied("That message has changed: the button is no longer there.")

    def _from_message(self, person: Person, channel: Channel, message: Json) -> Json:
        hidden = bool(message.get("only_to"))
        container: Json = {
            "type": "message",
            "message_ts": message["ts"],
            "channel_id": channel.id,
            "is_ephemeral": hidden,
        }
        if message.get("thread_ts"):
            container["thread_ts"] = message["thread_ts"]
        path = self._office.tickets.response_url("actions", person.id, channel.id, message["ts"])
        said: Json = {
            "container": container,
            "channel": _place(channel),
            "response_url": self._office.url + path,
        }
        return said if hidden else said | {"message": faces.for_app(message, with_metadata=True)}

    # -- views -------------------------------------------------------------------------------------
    async def submit(self, person: Person, view_id: str, state: Any) -> Json:
        """Submits the person's view; {} when it went, {"errors": …} or {"error": …} when not."""
        owner, view = self._view({"view_id": view_id})
        if owner != person.id or view["type"] != "modal":
            raise Denied("That view is not yours to submit.")
        values = state_values(view["blocks"], _values(state))
        if errors := unfinished(view["blocks"], values):
            return {"errors": errors}
        view["state"] = {"values": values}
        answer = await self._interact("view_submission", person, {"view": view, "response_urls": []})
        if not answer.ok:
            self._complain(person, answer, "", "The form was not sent")
            return {"error": TROUBLE}
        try:
            return self._answered(person, view, answer)
        except SlackError as refusal:
            self._notices.show("error", f"The app answered the form with {refusal.error}.", user=person.id)
            return {"error": TROUBLE}

    def _answered(self, person: Person, view: Json, answer: Answer) -> Json:
        if answer.text.strip() and answer.body is None:
            raise SlackError("invalid_response")
        body = answer.body or {}
        match body.get("response_action"):
            case None:
                self._office.views.close(person.id, view["id"])
            case "clear":
                self._clear(person)
            case "update":
                self._office.views.update(view["id"], body.get("view"))
            case "push":
                self._office.views.push(person.id, body.get("view"))
            case "errors":
                return {"errors": self._errors(view, body.get("errors"))}
            case _:
                raise SlackError("invalid_response_action")
        return {}

    def _errors(self, view: Json, given: Any) -> Json:
        """Errors may only name input blocks of the view; Slack shows none of them otherwise."""
        inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
        if not isinstance(given, dict) or not given or not inputs.issuperset(given):
            raise SlackError("invalid_errors")
        return {name: str(each) for name, each in given.items()}

    def _clear(self, person: Person) -> None:
        stack = self._office.views.stacks.get(person.id)
        if stack:
            self._office.views.close(person.id, stack[0]["id"])

    async def close(self, person: Person, view_id: str) -> None:
        """Closes a view; the app hears of it when the view asked for that."""
        stack = self._office.views.stacks.get(person.id, [])
        view = next((each for each in stack if each["id"] == view_id), None)
        if view is None:
            raise Denied("That view is not open.")
        for one in self._office.views.close(person.id, (stack[0] if view["clear_on_close"] else view)["id"]):
            if one["notify_on_close"]:
                said = {"view": one, "is_cleared": bool(view["clear_on_close"])}
                self._delivery.spawn(self._told_closed(person, said))

    async def _told_closed(self, person: Person, said: Json) -> None:
        await self._interact("view_closed", person, said, trigger=False)

    # -- shortcuts and suggestions -----------------------------------------------------------------
    async def shortcut(self, person: Person, channel: Channel, message: Json, callback_id: str) -> Answer:
        known = [each for each in self._app.shortcuts if each.get("type") == "message"]
        if callback_id not in [each.get("callback_id") for each in known]:
            raise Denied(f"There is no message shortcut {callback_id!r}.")
        path = self._office.tickets.response_url("actions", person.id, channel.id, message["ts"])
        said: Json = {
            "callback_id": callback_id,
            "message_ts": message["ts"],
            "message": faces.for_app(message, with_metadata=True),
            "channel": _place(channel),
            "response_url": self._office.url + path,
            "action_ts": self._workspace.next_ts(),
        }
        answer = await self._interact("message_action", person, said)
        self._complain(person, answer, channel.id, "The shortcut did not work")
        return answer

    async def suggest(
        self, person: Person, container: Json, block_id: str, action_id: str, value: str
    ) -> Json:
        """The options an external select offers for what was typed so far."""
        said: Json = {"action_id": action_id, "block_id": block_id, "value": value}
        if container.get("type") == "view":
            _, view = self._view(container)
            said |= {"container": {"type": "view", "view_id": view["id"]}, "view": view}
        else:
            said |= self._from_message(person, *self._message(person, container))
        answer = await self._interact("block_suggestion", person, said, trigger=False)
        body = answer.body or {}
        return {name: body[name] for name in ("options", "option_groups") if isinstance(body.get(name), list)}

    # -- shared ------------------------------------------------------------------------------------
    async def _interact(self, kind: str, person: Person, said: Json, *, trigger: bool = True) -> Answer:
        if not self._app.interactive:
            raise Denied("This app is not configured to handle interactive responses.")
        payload: Json = {
            "type": kind,
            "user": self._who(person),
            "token": secrets.token_hex(12),
            "team": {"id": self._app.team_id, "domain": TEAM_DOMAIN},
            "enterprise": None,
            "is_enterprise_install": False,
            **said,
        }
        if kind != "message_action":  # Slack leaves it out there
            payload["api_app_id"] = self._app.app_id
        if trigger:
            payload["trigger_id"] = self._office.tickets.trigger(person.id)
        return await self._delivery.ask("interactive", payload)

    def _who(self, person: Person) -> Json:
        return {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team_id}

    def _view(self, container: Json) -> tuple[str, Json]:
        try:
            return self._office.views.find(str(container.get("view_id") or ""))
        except SlackError:
            raise Denied("That view is not open.") from None

    def _message(self, person: Person, container: Json) -> tuple[Channel, Json]:
        channel = self._workspace.channels.get(str(container.get("channel")))
        message = channel.find(str(container.get("message_ts"))) if channel is not None else None
        if channel is None or message is None or not self._workspace.sees(person.id, channel):
            raise Denied("That message is not there.")
        if message.get("only_to") not in (None, person.id):
            raise Denied("That message is not there.")
        if message.get("bot_id") != self._app.bot_id:
            raise Denied("That message does not belong to the app.")
        return channel, message

    def _complain(self, person: Person, answer: Answer, channel: str, what: str) -> None:
        if not answer.ok:
            self._notices.show("error", f"{what}: {answer.in_words}.", user=person.id, channel=channel)


def _place(channel: Channel) -> Json:
    return {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name}


def _values(state: Any) -> Json | None:
    found = state.get("values") if isinstance(state, dict) else None
    return found if isinstance(found, dict) else None


def _did(element: Json, given: Json) -> Json:
    """What a button holds comes from the button; what was typed or picked comes from the person."""
    if element["type"] == "overflow":
        return {"selected_option": chosen(element, given)}
    if element["type"] in STATEFUL:
        return {STATEFUL[element["type"]][0]: chosen(element, given)}
    held: Json = {name: element[name] for name in ("text", "value", "style", "url") if name in element}
    return held
