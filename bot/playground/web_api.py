"""Slack's Web API: who calls, may they, how often; then the method. Faults can be ordered for tests."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.playground.limits import Limits
from bot.playground.methods import METHODS, Call, Office
from bot.playground.methods.call import Method
from bot.playground.tickets import SlackError
from bot.playground.workspace import Json


@dataclass(slots=True)
class Fault:
    """How the next `times` calls (of `method`, or of any) go wrong."""

    method: str = ""
    status: int = 200
    error: str = ""
    retry_after: int = 1
    delay_s: float = 0.0
    times: int = 1


class WebApi:
    def __init__(self, office: Office, limits: Limits) -> None:
        self.office, self.limits = office, limits
        self.faults: list[Fault] = []
        self.calls: deque[Json] = deque(maxlen=200)

    async def handle(self, request: web.Request) -> web.Response:
        name = request.match_info["method"]
        entry: Json = {"method": name, "at": self.office.workspace.clock(), "ok": False}
        self.calls.append(entry)
        fault = self._fault(name)
        if fault is not None and fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        try:
            if fault is not None and fault.status == 429:
                raise SlackError("ratelimited", retry_after=fault.retry_after)
            if fault is not None and fault.status >= 500:
                entry["error"] = f"http_{fault.status}"
                return web.Response(status=fault.status, text="")
            if fault is not None and fault.error:
                raise SlackError(fault.error)
            answer = {"ok": True, **self._answer(name, request, await arguments(request))}
        except SlackError as refusal:
            entry["error"] = refusal.error
            return self._refusal(refusal)
        entry["ok"] = True
        return self._json(answer)

    def _answer(self, name: str, request: web.Request, args: Json) -> Json:
        method = METHODS.get(name)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip() or str(
            args.pop("token", "")
        )
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        self._authorize(method, token)
        if wait := self.limits.wait_for(name, method.tier, str(args.get("channel") or "")):
            raise SlackError("ratelimited", retry_after=wait)
        return method.run(Call(name, args, self.office))

    def _authorize(self, method: Method, token: str) -> None:
        app = self.office.workspace.app
        if not token:
            raise SlackError("not_authed")
        if token not in (app.bot_token, app.app_token):
            raise SlackError("invalid_auth")
        if (token == app.app_token) != method.app_level:
            raise SlackError("not_allowed_token_type")
        if method.scopes and not app.scopes.intersection(method.scopes):
            provided = ",".join(sorted(app.scopes))
            raise SlackError("missing_scope", needed=",".join(method.scopes), provided=provided)

    def _fault(self, name: str) -> Fault | None:
        found = next((each for each in self.faults if each.method in ("", name)), None)
        if found is not None:
            found.times -= 1
            if found.times <= 0:
                self.faults.remove(found)
        return found

    def _refusal(self, refusal: SlackError) -> web.Response:
        if refusal.error == "ratelimited":
            retry_after = str(refusal.fields.get("retry_after", 1))
            answer = web.json_response({"ok": False, "error": "ratelimited"}, status=429)
            answer.headers["Retry-After"] = retry_after
            return answer
        return self._json({"ok": False, "error": refusal.error, **refusal.fields})

    def _json(self, answer: Mapping[str, Any]) -> web.Response:
        scopes = ",".join(sorted(self.office.workspace.app.scopes))
        return web.json_response(answer, headers={"X-OAuth-Scopes": scopes})


async def arguments(request: web.Request) -> Json:
    """The arguments, from the query, a form or a JSON body; values of a form are text."""
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        return args | body
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        form = await request.post()
        return args | {name: value for name, value in form.items() if isinstance(value, str)}
    return args
