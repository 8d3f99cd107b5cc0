"""Verbs of connectors, carried out: one line a call, waited for, and how it ended in words.

What is answered goes through the same redaction as what programs print.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

import aiohttp
from pydantic import JsonValue

from bot.ask.manifest.permissions import SecretCommand
from bot.execute.connectors.connector import Found, Unanswerable
from bot.execute.sandbox import Finished, StopSignal
from bot.execute.sandbox.harmless import harmless
from bot.execute.sandbox.redaction import Redactor
from bot.execute.steps.connector import Calling
from bot.flow.workshop import Carried
from bot.terms import Refused

_EXACT = 2**53 - 1
"""Larger whole numbers are not the same to everybody who reads JSON, and are told as text."""

Secrets = Callable[[str, str | SecretCommand], Awaitable[str]]
Opens = Callable[[Calling, Secrets], Awaitable[Carried]]
"""Makes one call ready: raises Refused when its credential or its authority is not here."""


class Asked(Protocol):
    """One call that is waited for: a verb of a connector, or a tool."""

    @property
    def said(self) -> str:
        """As `permissions.verbs` has it."""
        ...

    @property
    def timeout_s(self) -> float: ...

    def kept(self, found: Found) -> Found:
        """What of an answer may stay. Raises Unanswerable when nothing of it may."""
        ...

    def judged(self, found: Found) -> tuple[int, str]:
        """As a program would end, and why: 0 as it should be, 1 not so, 2 cannot be told."""
        ...


class NotHeard(ConnectionError):
    """No answer came, and none will. `reason` is short and follows "it"."""

    def __init__(self, words: str, *, reason: str) -> None:
        super().__init__(words)
        self.reason = reason


class Unsure(Protocol):
    """A line that knows whether something that changes the world was sent and not answered."""

    @property
    def in_doubt(self) -> bool: ...


async def finished(
    calling: Asked,
    doing: Coroutine[Any, Any, Found],
    line: Unsure,
    *,
    stop: StopSignal,
    hidden: tuple[str, ...],
) -> Finished:
    """Wait for it as long as it may take, and put into words how it ended; `hidden` is shown to nobody.

    What was sent, would change something and was not answered is `cut`: nobody knows whether it happened.
    """
    began = time.monotonic()
    redactor = Redactor(hidden)

    def ended(said: str, code: int | None, **more: Any) -> Finished:
        text = harmless(redactor.redact(said))
        wall_ms = int((time.monotonic() - began) * 1000)
        usual: dict[str, Any] = {"dropped": 0, "timed_out": False, "stopped": False, "result": None}
        return Finished(exit_code=code, stdout=text, stderr="", wall_ms=wall_ms, **(usual | more))

    def silent(said: str, **more: Any) -> Finished:
        cut = line.in_doubt
        return ended(f"{calling.said}: {said}", None if cut else 2, cut=cut, **more)

    if stop.is_set():
        doing.close()
        return ended(f"{calling.said}: it was stopped before it was asked.", 2, stopped=True)
    work, stopping = asyncio.ensure_future(doing), asyncio.ensure_future(_until(stop))
    try:
        await asyncio.wait({work, stopping}, timeout=calling.timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            if stopping.done():
                return silent("it was stopped before it was answered.", stopped=True)
            return silent(f"no answer within {calling.timeout_s:g} s.", timed_out=True)
        found = calling.kept(_redacted(work.result(), redactor))
        code, why = calling.judged(found)
        written = json.dumps(found, ensure_ascii=False)
        return ended("\n".join(filter(None, (written, why))), code, result=found, dropped=_dropped(found))
    except Unanswerable as why:
        return ended(f"{calling.said}: {why}", why.exit_code, beyond=why.reason)
    except NotHeard as why:
        return silent(str(why), beyond=why.reason)
    except Refused as why:
        return ended(f"{calling.said}: {why}", 2)
    except (LookupError, TypeError, ValueError, AttributeError):  # it is somebody else's answer
        return ended(f"{calling.said}: it answered with something that cannot be read.", 2)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return silent(f"no answer: {str(error) or type(error).__name__}")
    finally:
        work.cancel()
        stopping.cancel()
        await asyncio.gather(work, stopping, return_exceptions=True)


def _redacted(found: Found, redactor: Redactor) -> Found:
    def clean(value: JsonValue) -> JsonValue:
        match value:
            case str():
                return harmless(redactor.redact(value))
            case list():
                return [clean(one) for one in value]
            case dict():
                return {harmless(redactor.redact(name)): clean(one) for name, one in value.items()}
            case bool() | None:
                return value
        text = json.dumps(value)
        if (hidden := redactor.redact(text)) != text:
            return hidden
        return value if isinstance(value, float) or abs(value) <= _EXACT else text

    return {name: clean(value) for name, value in found.items()}


def _dropped(found: Found) -> int:
    left = found.get("left_out")
    return left if isinstance(left, int) else 0


async def _until(stop: StopSignal) -> None:
    await stop.wait()
