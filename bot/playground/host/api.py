"""The host's HTTP API: JSON in, JSON out, and what was declined says why."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Any, TypeVar, get_args

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.playground.host.declined import Declined
from bot.playground.host.demo_host import ENVIRONMENTS, DemoHost
from bot.playground.host.memory import MOST_REPLICAS, Colour
from bot.playground.host.target import Target

CommitId = Annotated[str, Field(pattern=r"\A[0-9a-f]{40}\z")]
Key = Annotated[str, Field(min_length=1, max_length=200)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    key: Key
    request: Annotated[str, Field(max_length=200)] = ""


AnyBody = TypeVar("AnyBody", bound=Body)


class OfCommit(Body):
    commit: CommitId


class ToCommit(OfCommit):
    expected_revision: str


class Restarting(Body):
    expected_revision: str


class Scaling(Body):
    replicas: Annotated[int, Field(ge=1, le=MOST_REPLICAS)]
    expected_replicas: int


class Later(OfCommit):
    after: Annotated[float, Field(ge=0, le=3600)]


class Api:
    def __init__(self, host: DemoHost) -> None:
        self._host = host

    def app(self) -> web.Application:
        app = web.Application(middlewares=[answer_in_json])
        target, door = "/targets/{environment}/{service}", "/live/{environment}/{service}"
        app.add_routes(
            [
                web.get("/healthz", self.healthz),
                web.get("/metrics", self.metrics),
                web.get("/services", self.services),
                web.get("/services/{service}", self.service),
                web.get("/services/{service}/commits", self.commits),
                web.get("/targets", self.targets),
                web.get(target, self.state),
                web.get(target + "/health", self.health),
                web.get(target + "/history", self.history),
                web.post(target + "/start", self.start),
                web.post(target + "/switch", self.switch),
                web.post(target + "/restart", self.restart),
                web.post(target + "/scale", self.scale),
                web.post(target + "/stop", self.stop),
                web.post(target + "/retire", self.retire),
                web.post(target + "/keep", self.keep),
                *self._host.forge.routes(),
                web.route("*", door + "/{path:.*}", self.live),
            ]
        )
        return app

    async def healthz(self, request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "pid": os.getpid()})

    async def metrics(self, request: web.Request) -> web.Response:
        return web.Response(
            body=self._host.meters.text(), headers={"Content-Type": "text/plain; version=0.0.4"}
        )

    async def services(self, request: web.Request) -> web.Response:
        services = [await self._service(name) for name in self._host.repositories]
        return web.json_response({"services": services, "environments": ENVIRONMENTS})

    async def service(self, request: web.Request) -> web.Response:
        service = request.match_info["service"]
        described = await self._service(service)
        return web.json_response({**described, "sample_requests": await self._host.sample_requests(service)})

    async def _service(self, service: str) -> dict[str, Any]:
        releases = await self._host.repository(service).releases()
        return {"service": service, "versions": [asdict(release) for release in releases]}

    async def commits(self, request: web.Request) -> web.Response:
        service = request.match_info["service"]
        old = await self._host.release(service, request.query.get("from", ""))
        new = await self._host.release(service, request.query.get("to", ""))
        return web.json_response(await self._host.repository(service).between(old.commit, new.commit))

    async def targets(self, request: web.Request) -> web.Response:
        return web.json_response({"targets": [target.state() for target in self._host.targets()]})

    async def state(self, request: web.Request) -> web.Response:
        return web.json_response(self._target(request).state())

    async def health(self, request: web.Request) -> web.Response:
        colours: dict[str | None, Colour | None] = {None: None, **{name: name for name in get_args(Colour)}}
        wanted = request.query.get("colour")
        if wanted not in colours:
            raise Declined("no_such_colour", f"There is no colour {wanted}. Known: blue, green.", status=404)
        return web.json_response(await self._target(request).health(colours[wanted]))

    async def history(self, request: web.Request) -> web.Response:
        """Newest first; with `key` or `request` only what was done under it, `limit` at most."""
        changes = [
            change.model_dump(mode="json") for change in reversed(self._target(request).memory.changes)
        ]
        for name in ("key", "request"):
            if name in request.query:
                changes = [change for change in changes if change[name] == request.query[name]]
        limit = request.query.get("limit", "")
        return web.json_response({"changes": changes[: int(limit)] if limit.isdecimal() else changes})

    async def start(self, request: web.Request) -> web.Response:
        body = await _read(request, OfCommit)
        return web.json_response(
            await self._target(request).start(body.commit, key=body.key, request=body.request)
        )

    async def switch(self, request: web.Request) -> web.Response:
        body = await _read(request, ToCommit)
        done = await self._target(request).switch(
            body.commit, expected_revision=body.expected_revision, key=body.key, request=body.request
        )
        return web.json_response(done)

    async def restart(self, request: web.Request) -> web.Response:
        body = await _read(request, Restarting)
        return web.json_response(
            await self._target(request).restart(
                expected_revision=body.expected_revision, key=body.key, request=body.request
            )
        )

    async def scale(self, request: web.Request) -> web.Response:
        body = await _read(request, Scaling)
        return web.json_response(
            await self._target(request).scale(
                body.replicas, expected_replicas=body.expected_replicas, key=body.key, request=body.request
            )
        )

    async def stop(self, request: web.Request) -> web.Response:
        body = await _read(request, OfCommit)
        return web.json_response(
            await self._target(request).stop(body.commit, key=body.key, request=body.request)
        )

    async def retire(self, request: web.Request) -> web.Response:
        body = await _read(request, Later)
        return web.json_response(
            await self._target(request).retire(
                body.commit, after=body.after, key=body.key, request=body.request
            )
        )

    async def keep(self, request: web.Request) -> web.Response:
        await _read(request, Body)
        return web.json_response(await self._target(request).keep())

    async def live(self, request: web.Request) -> web.Response:
        """The customers' door on the host's own address, for whoever may reach no other port."""
        _, _, _, _, path = request.raw_path.split("/", 4)
        return await self._target(request).forward(request, f"/{path}")

    def _target(self, request: web.Request) -> Target:
        return self._host.target(request.match_info["environment"], request.match_info["service"])


async def _read(request: web.Request, shape: type[AnyBody]) -> AnyBody:
    try:
        return shape.model_validate_json(await request.read())
    except ValidationError as wrong:
        reasons = "; ".join(
            f"{'.'.join(map(str, error['loc'])) or 'body'}: {error['msg']}" for error in wrong.errors()
        )
        raise Declined("bad_request", reasons, status=400) from wrong


@web.middleware
async def answer_in_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Only programs on this machine may ask: a page in somebody's browser can neither name this content type
    without asking first, nor reach it under a foreign host name."""
    try:
        if request.method == "POST" and request.content_type != "application/json":
            raise Declined("bad_request", "Send application/json.", status=415)
        if request.url.host not in ("127.0.0.1", "localhost"):
            raise Declined("bad_request", "Ask 127.0.0.1.", status=403)
        return await handler(request)
    except Declined as declined:
        content = {"error": declined.code, "message": declined.message, **declined.more}
        return web.json_response(content, status=declined.status)
    except web.HTTPException as refused:
        content = {"error": refused.reason.lower().replace(" ", "_"), "message": refused.reason}
        return web.json_response(content, status=refused.status)
