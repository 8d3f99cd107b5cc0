"""Output that is longer than a card: a file in its thread, by Slack's upload in three steps."""

from __future__ import annotations

import io
import logging
from collections.abc import Awaitable, Callable

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.flow.notice import Notice
from bot.flow.request import Request
from bot.slack.escape import words
from bot.slack.patience import Later, Never, Patience
from bot.slack.ports import Outputs, Telling
from bot.slack.web_api import FAILURES

log = logging.getLogger(__name__)

SHARED = "shared"
_FILE = "file "
UPLOAD_S = 60.0

NOT_SENT = {
    "missing_scope": "the app lacks the scope files:write; `assent doctor` says what to do",
    "file_uploads_disabled": "this workspace lets nobody upload files",
    "file_upload_size_restricted": "this workspace does not take files of that size",
    "not_in_channel": "I am not in this channel",
    "is_archived": "this channel is archived",
    "channel_not_found": "I cannot see this channel any more",
}
"""Slack's words for why there is no file, in ours."""


class Sharing:
    """Sends each output once. Which file it became is kept before that is shown anywhere, so whoever goes on
    after a crash shows the same file, and Slack never gets a second one.
    """

    def __init__(
        self, *, client: AsyncWebClient, outputs: Outputs, telling: Telling, patiently: Patience
    ) -> None:
        self._client, self._outputs, self._telling = client, outputs, telling
        self._patiently = patiently

    async def share(
        self, entry: str, request: Request, notice: Notice, *, hold: Callable[[], Awaitable[bool]]
    ) -> None:
        """Raises Later. What cannot be sent is a note on the card and changes nothing else."""
        heard = await self._telling.heard(entry)
        if SHARED in heard:
            return
        try:
            if request.card is None:
                raise Never("channel_not_found")
            file = next((each.removeprefix(_FILE) for each in heard if each.startswith(_FILE)), "")
            if not file:
                text = await self._outputs.output(request.id, notice.output)
                if text is None:
                    log.warning("an output of %s was not sent within days, and is gone", request.id)
                    return
                file = await self._uploaded(text, f"{request.id}-{notice.output}.txt")
                await self._telling.hears(entry, f"{_FILE}{file}")
            if not await hold():
                raise Later("another process shows it")
            await self._shown(request, file, notice)
        except Never as never:
            why = NOT_SENT.get(str(never), f"Slack says {never}")
            log.warning("an output of %s was not sent: %s", request.id, never)
            said = f"{notice.text} could not be sent as a file: {why}."
            await self._outputs.unsent(request.id, notice.output, said)
        await self._telling.hears(entry, SHARED)
        await self._outputs.sent(request.id, notice.output)

    async def _uploaded(self, text: str, name: str) -> str:
        data = text.encode()
        asked = await self._patiently(
            self._client.files_getUploadURLExternal, filename=name, length=len(data), snippet_type="text"
        )
        session = self._client.session
        assert session is not None  # noqa: S101  the one client has one
        try:
            async with session.post(
                asked["upload_url"], data=io.BytesIO(data), timeout=aiohttp.ClientTimeout(total=UPLOAD_S)
            ) as answer:
                status = answer.status
        except FAILURES as raised:
            raise Later(f"the file did not arrive: {type(raised).__name__}") from raised
        if status >= 500 or status == 429:
            raise Later(f"the file did not arrive: {status}")
        if status != 200:
            raise Never(f"{status} to the file")
        return str(asked["file_id"])

    async def _shown(self, request: Request, file: str, notice: Notice) -> None:
        assert request.card is not None  # noqa: S101  looked at before anything is sent
        try:
            await self._patiently(
                self._client.files_completeUploadExternal,
                files=[{"id": file, "title": notice.text[:200]}],
                channel_id=request.card.channel,
                thread_ts=request.place.thread_ts or request.card.ts,
                initial_comment=f"📄 {words(notice.text, 300)}",
            )
        except Never as never:
            if str(never) != "file_not_found":
                raise
            # It was there a moment ago: an earlier call was heard, and its answer lost.
            log.info("the file of %s is shown already", request.id)
