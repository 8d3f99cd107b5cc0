"""`assent doctor` says which connectors skills lack, and asks each whether it answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

SECRET = "hunter2-and-more"


class Service(BaseHTTPRequestHandler):
    """It answers to its secret, and tells it to others."""

    heard: list[str]

    def do_GET(self) -> None:
        self.heard.append(self.path)
        right = self.headers.get("Authorization") == f"Bearer {SECRET}"
        data = json.dumps({"status": "success"} if right else {"error": self.headers.get("Authorization")})
        self.send_response(200 if right else 401)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data.encode())

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[tuple[str, list[str]]]:
    heard: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Mine", (Service,), {"heard": heard}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", heard
    server.shutdown()
    server.server_close()


def lines(assent: Any, artifacts: dict[str, str], connectors: str, **env: str) -> list[tuple[str, str]]:
    (Path(artifacts["ASSENT_POLICIES"]) / "connectors.yaml").write_text(connectors)
    ran = assent("doctor", "--json", env={**artifacts, **env})
    assert SECRET not in ran.out + ran.err
    return [(one["verdict"], one["said"]) for one in json.loads(ran.out) if one["about"] == "connectors"]


def test_each_connector_is_asked_by_its_credential(assent, artifacts, service) -> None:
    url, heard = service
    said = lines(
        assent,
        artifacts,
        f"connectors:\n  metrics: {{kind: prometheus, url: '{url}', credential: {{from: env:PROM_TOKEN}}}}\n"
        "  slack: {kind: slack}\n",
        PROM_TOKEN=SECRET,
    )
    assert said == [("good", f"metrics answers at {url}"), ("good", "slack is configured (slack)")]
    assert heard == ["/api/v1/status/buildinfo"]


def test_a_wrong_a_missing_and_an_unanswered_one_are_wrong(assent, artifacts, service) -> None:
    url, _ = service
    said = lines(
        assent,
        artifacts,
        f"connectors:\n  a: {{kind: loki, url: '{url}', credential: {{from: env:WRONG}}}}\n"
        f"  b: {{kind: loki, url: '{url}', credential: {{from: env:MISSING}}}}\n"
        "  c: {kind: loki, url: 'http://127.0.0.1:1'}\n",
        WRONG="another",
    )
    assert [verdict for verdict, _ in said] == ["wrong"] * 3
    assert "it does not take the credential from env:WRONG (policies/connectors.yaml)" in said[0][1]
    assert "another" not in said[0][1]
    assert "MISSING is not set for the worker" in said[1][1]
    assert "it was not reached" in said[2][1]


def test_a_credential_that_travels_in_the_clear_is_doubtful(assent, artifacts) -> None:
    said = lines(
        assent,
        artifacts,
        "connectors:\n  a: {kind: loki, url: 'http://loki.invalid', credential: {from: env:TOKEN}}\n",
        TOKEN=SECRET,
    )
    assert said[0] == (
        "warning",
        "a: its credential goes to http://loki.invalid unencrypted. Use https:// there.",
    )


def test_what_a_skill_asks_and_nobody_configured_is_wrong(assent, artifacts) -> None:
    manifest = next(Path(artifacts["ASSENT_SKILLS"]).glob("*/skill.yaml"))
    text = manifest.read_text()
    assert "permissions: {" in text
    manifest.write_text(text.replace("permissions: {", "permissions: {verbs: ['metrics:query'], ", 1))
    name = manifest.parent.name
    lacks = f"{name} asks the connector metrics, and policies/connectors.yaml has none of that name."
    [(verdict, said), *_] = lines(assent, artifacts, "connectors: {}\n")
    assert verdict == "wrong"
    assert said.startswith(lacks)
    said = lines(
        assent, artifacts, "connectors: {metrics: {kind: alertmanager, url: 'http://127.0.0.1:1'}}\n"
    )
    assert said[0] == (
        "wrong",
        f"{name} asks metrics:query, and alertmanager has no verb query. "
        "Known: alerts:list, silences:list, silences:create, silences:delete.",
    )
