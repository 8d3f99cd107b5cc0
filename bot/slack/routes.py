"""The routes of the web process: what Slack, Alertmanager, Prometheus and a load balancer may ask."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest

from bot.config import Config
from bot.slack.receiving import Receiving

Check = Callable[[], Awaitable[str]]
"""`ok …` when it is, else what is wrong, in a line."""


@dataclass(slots=True)
class Metrics:
    """What /metrics tells, for this process alone."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    answers: Counter = field(init=False)
    took: Histogram = field(init=False)

    def __post_init__(self) -> None:
        self.answers = Counter(
            "assent_slack_answers", "Requests from Slack, by our answer", ["status"], registry=self.registry
        )
        self.took = Histogram(
            "assent_slack_answer_seconds",
            "From reading a request to its answer",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 3.0),
            registry=self.registry,
        )

    def seen(self, status: int, seconds: float) -> None:
        self.answers.labels(str(status)).inc()
        self.took.observe(seconds)


@dataclass(slots=True)
class House:
    """What the routes look at. `receiving` is there once Slack told us who we are, if we can verify it."""

    config: Config
    checks: dict[str, Check] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
    receiving: Receiving | None = None
    opened: bool = False

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/slack/events", self.events),
            web.post("/alerts", self.alerts),
            web.get("/healthz", self.healthz),
            web.get("/readyz", self.readyz),
            web.get("/metrics", self.metered),
        ]

    async def events(self, request: web.Request) -> web.StreamResponse:
        if self.receiving is None:
            return web.Response(status=404 if self.opened else 503, text="nobody receives here")
        return await self.receiving.handle(request)

    async def healthz(self, _request: web.Request) -> web.Response:
        return web.Response(text="alive")

    async def readyz(self, _request: web.Request) -> web.Response:
        said = {name: await look() for name, look in tuple(self.checks.items())}
        ready = self.opened and all(line.startswith("ok") for line in said.values())
        body = {"ready": ready, "checks": said}
        return web.json_response(body, status=200 if ready else 503)

    async def metered(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(self.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    async def alerts(self, request: web.Request) -> web.Response:
        """Takes Alertmanager's webhook with the shared secret as bearer token. No skill listens to it yet."""
        secret = self.config.alerts_secret
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if secret is None or not hmac.compare_digest(given.encode(), secret.get_secret_value().encode()):
            return web.json_response({"error": "wrong or missing secret"}, status=401)
        if not _alertmanager(await request.read()):
            return web.json_response({"error": "not an Alertmanager webhook body"}, status=400)
        return web.json_response({"accepted": 0, "why": "no skill listens to alerts yet"})


def _alertmanager(body: bytes) -> bool:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    alerts = found.get("alerts") if isinstance(found, dict) else None
    return isinstance(alerts, list) and all(
        isinstance(one, dict) and isinstance(one.get("labels"), dict) and isinstance(one.get("status"), str)
        for one in alerts
    )
