"""The local Slack: it speaks Slack's protocol to an unmodified app and serves a page to people."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from bot.playground import faces
from bot.playground.app import App
from bot.playground.archive import Archive
from bot.playground.commands import Commands
from bot.playground.delivery import RETRY_DELAYS, Delivery
from bot.playground.events import Events
from bot.playground.interactions import Interactions
from bot.playground.limits import Limits
from bot.playground.live import Live
from bot.playground.methods import Office
from bot.playground.notices import Notices
from bot.playground.page_api import PageApi
from bot.playground.response_urls import ResponseUrls
from bot.playground.seen import Seen
from bot.playground.sockets import Sockets
from bot.playground.tickets import Tickets
from bot.playground.views import Views
from bot.playground.web_api import WebApi
from bot.playground.wire import HttpWire
from bot.playground.workspace import Json, Workspace

PAGE = Path(__file__).parent / "page"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_UPLOADED_BYTES = 50 * 2**20


class LocalSlack:
    """A Slack workspace on this machine.

    The manifest decides what the app may do and hears: scopes, events, commands, and whether it is reached by
    Socket Mode or at `request_url`, which may be set after start. Nobody but this machine is served.
    """

    def __init__(
        self,
        *,
        manifest: Mapping[str, Any],
        signing_secret: str,
        bot_token: str,
        app_token: str = "",
        request_url: str | None = None,
        state_path: Path | str | None = None,
        rate_limits: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
        example: str | None = None,
        deadline_s: float = 3.0,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
    ) -> None:
        if host not in LOOPBACK:
            raise ValueError(f"The local Slack listens on this machine only, not on {host!r}. Use 127.0.0.1.")
        self._host, self._port, self.example = host, port, example  # None: what Assent ships
        self._http = HttpWire(signing_secret)
        self._http.request_url = request_url
        self.app = App(manifest, signing_secret, bot_token, app_token)
        self.workspace = Workspace(self.app)
        self._views = Views(self.workspace)
        self._office = Office(self.workspace, self._views, Tickets())
        self._notices = Notices(self.workspace, self._shown_app)
        self._sockets = Sockets(self.app.app_id, self._spend_ticket, self._notices.app_changed)
        self._delivery = Delivery(
            self.app,
            self._http,
            self._sockets,
            self._notices,
            deadline_s=deadline_s,
            retry_delays=retry_delays,
        )
        self.web_api = WebApi(self._office, Limits(enforced=rate_limits))
        self._seen = Seen(self.workspace, self._views, self._shown_app)
        self._live = Live(self.workspace, self._seen)
        self._archive = Archive(self.workspace, Path(state_path)) if state_path else None
        self._events = Events(self.workspace, self._delivery)
        self._page_api = PageApi(
            self.workspace,
            seen=self._seen,
            notices=self._notices,
            commands=Commands(self._office, self._delivery, self._notices),
            interactions=Interactions(self._office, self._delivery, self._notices),
            events=self._events,
            web_api=self.web_api,
        )
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return self._office.url

    @property
    def api_url(self) -> str:
        """What the bot reads as SLACK_API_URL."""
        return f"{self.url}/api/"

    @property
    def request_url(self) -> str | None:
        return self._http.request_url

    @request_url.setter
    def request_url(self, url: str | None) -> None:
        self._http.request_url = url
        self._delivery.reset()

    async def start(self) -> None:
        if self._archive is not None:
            self._archive.load()
        await self._http.start()
        server = web.Application(middlewares=[_from_here], client_max_size=MOST_UPLOADED_BYTES)
        server.add_routes(self._routes())
        self._runner = web.AppRunner(server, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._office.url = f"http://{host}:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        await self._delivery.close()
        self._live.close()
        await self._sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await self._http.close()
        if self._archive is not None:
            self._archive.close()

    async def refresh_sockets(self, *, one_only: bool = False) -> None:
        """What Slack does to long-lived connections: asks for a new one and closes the old."""
        await self._sockets.refresh(one_only=one_only)

    def _routes(self) -> list[web.RouteDef]:
        answer = ResponseUrls(self._office)
        return [
            web.get("/", _page),
            web.get("/page/{file:.+}", _page),
            web.get("/ui/live", self._live.connect),
            *self._page_api.routes(),
            web.route("*", "/api/{method}", self.web_api.handle),
            web.get("/link/", self._sockets.connect),
            web.post("/commands/{team}/{id}/{secret}", answer.handle),
            web.post("/actions/{team}/{id}/{secret}", answer.handle),
            web.post("/upload/v1/{file}", self._upload),
            web.get("/files/{file}/{name}", self._file),
        ]

    def _shown_app(self) -> Json:
        shown = faces.app(self.app, connected=self._delivery.connected)
        return shown if self.example is None else {**shown, "example": self.example}

    def _spend_ticket(self, ticket: str) -> bool:
        known = ticket in self._office.socket_tickets
        self._office.socket_tickets.discard(ticket)
        return known

    async def _upload(self, request: web.Request) -> web.Response:
        found = self.workspace.files.get(request.match_info["file"])
        if found is None:
            raise web.HTTPNotFound(text="There is no such upload.")
        content = await request.read()
        if request.content_type == "multipart/form-data":
            parts = [each for each in (await request.post()).values() if isinstance(each, web.FileField)]
            content = parts[0].file.read() if parts else b""
        if found["bytes"] is not None or len(content) != found["length"]:
            raise web.HTTPBadRequest(text="The file has come already, or is not as long as was said.")
        found["bytes"] = content
        return web.Response(text=f"OK - {len(content)}")

    async def _file(self, request: web.Request) -> web.Response:
        found = self.workspace.files.get(request.match_info["file"])
        if found is None or found["bytes"] is None:
            raise web.HTTPNotFound(text="There is no such file.")
        return web.Response(body=found["bytes"], content_type="text/plain", charset="utf-8")


async def _page(request: web.Request) -> web.StreamResponse:
    path = (PAGE / request.match_info.get("file", "index.html")).resolve()
    if not path.is_relative_to(PAGE) or not path.is_file():
        raise web.HTTPNotFound(text="There is no such page.")
    return web.FileResponse(path, headers={"Cache-Control": "no-cache"})


@web.middleware
async def _from_here(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuses what other sites make this machine's browser send: foreign origins, rebound names."""
    origin = request.headers.get("Origin")
    name = urlsplit(f"//{request.host}").hostname
    if name not in LOOPBACK or (origin is not None and urlsplit(origin).netloc != request.host):
        return web.json_response(
            {"ok": False, "error": "Only this machine's own page may do that."}, status=403
        )
    return await handler(request)
