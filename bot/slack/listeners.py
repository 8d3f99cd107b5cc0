"""Everything Slack sends, in four listeners and a dictionary each: verify, read, keep, acknowledge."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any, Literal

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.commands import Commands
from bot.slack.interactions import Interactions
from bot.slack.messages import Messages
from bot.terms import Refused

log = logging.getLogger(__name__)
bolt_log = logging.getLogger("bot.slack.bolt")

_ANYTHING = re.compile(r".*", re.DOTALL)

Payload = Mapping[str, Any]


class Listeners:
    """Few, since each one that Bolt tries before the match costs about 15 µs."""

    def __init__(
        self, *, command: str, commands: Commands, interactions: Interactions, messages: Messages
    ) -> None:
        self._command, self._commands = command, commands
        self._interactions, self._messages = interactions, messages

    def mount(self, app: AsyncApp) -> None:
        app.command(_ANYTHING)(self.on_command)
        app.action(_ANYTHING)(self.on_action)
        app.view(_ANYTHING)(self.on_view)
        app.event(_ANYTHING)(self.on_event)
        app.error(self.on_error)

    async def command(self, body: Mapping[str, str]) -> BoltResponse:
        """The answer to a slash command that did not come through Bolt."""
        try:
            words = await self._words(body)
        except Exception as error:  # noqa: BLE001 - in front of the same handler as Bolt's
            return await self.on_error(error, dict(body))
        return BoltResponse(status=200, body={"response_type": "ephemeral", "text": words} if words else "")

    async def on_command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        words = await self._words(body)
        await (ack(response_type="ephemeral", text=words) if words else ack())

    async def _words(self, body: Payload) -> str:
        if body.get("command") != self._command:
            return f"I listen to {self._command}."
        return await self._commands.run(body)

    async def on_action(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await self._interactions.pressed(body)
        await ack()

    async def on_view(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        answer = await self._interactions.submitted(body)
        await (ack(**answer) if answer else ack())

    async def on_event(self, body: dict[str, Any]) -> None:
        await self._messages.heard(body)

    async def on_error(self, error: Exception, body: dict[str, Any]) -> BoltResponse:
        """The one place where anything may be caught: Slack is answered, and a bug is written down.

        What nobody listens to is taken, or Slack would send it again. What was not kept is not taken: 503
        makes Slack repeat an event and tell a person that it did not work.
        """
        if isinstance(error, BoltUnhandledRequestError):
            log.debug("nobody listens to %s", body.get("type"))
            return BoltResponse(status=200, body="")
        if isinstance(error, Refused):
            log.warning("not taken: %s", error)
            return BoltResponse(status=503, body="")
        log.error("a listener failed", exc_info=error)
        return BoltResponse(status=503, body="")


def bolt(
    *, client: AsyncWebClient, bot_id: str, bot_user: str, team: str, reach: Literal["http", "socket"]
) -> AsyncApp:
    """The Bolt app, as fast as Bolt goes: it does not poll for the acknowledgement, nor ask auth.test again.

    Signatures are verified before Bolt sees a request (http.py); Socket Mode has none.
    """
    result = AuthorizeResult(
        enterprise_id=None, team_id=team, bot_id=bot_id, bot_user_id=bot_user, bot_token=client.token
    )

    async def ours() -> AuthorizeResult:
        return result

    tokenless = AsyncWebClient(
        base_url=client.base_url, session=client.session, timeout=client.timeout, retry_handlers=[]
    )
    bolt_log.setLevel(logging.ERROR)  # while made, it warns that SLACK_BOT_TOKEN is not its own to use
    app = AsyncApp(
        client=tokenless,
        logger=bolt_log,
        authorize=ours,
        process_before_response=True,
        request_verification_enabled=False,
        ssl_check_enabled=reach == "http",
        attaching_function_token_enabled=False,
        raise_error_for_unhandled_request=True,
        signing_secret="verified-before",  # noqa: S106 - not a secret: Bolt wants a value and does not use it
    )
    bolt_log.setLevel(logging.NOTSET)
    return app
