"""The HTTP side of the small Kubernetes API: what kubectl sends, answered out of a `Cluster`."""

import contextlib
import json
import os
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import openapi
from cluster import STEP_SECONDS, Cluster, Refusal
from fields import Json


class Api(BaseHTTPRequestHandler):
    """One connection. `cluster` and `token` are set by `serve`."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    cluster: Cluster
    token: str

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # who asked is gone
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/openapi/v2":
            self._send(200, openapi.document(), "application/octet-stream")
        else:
            self._answer(self._get)

    def do_PATCH(self) -> None:
        self._answer(self._patch)

    def _answer(self, method: Any) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if self.headers.get("Authorization") != f"Bearer {self.token}":
                raise Refusal(401, "Unauthorized", "Unauthorized")
            with self.cluster.changed:
                answer = method(body)
            if answer is not None:
                self._send(200, answer)
            else:
                self._watch()
        except Refusal as refusal:
            self._send(refusal.code, refusal.status)

    def _get(self, body: bytes) -> Json | None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        match url.path.strip("/").split("/"):
            case ["version"]:
                return {"major": "1", "minor": "32", "gitVersion": "v1.32.0", "platform": "linux/amd64"}
            case ["api"]:
                return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
            case ["apis"]:
                apps = {"groupVersion": "apps/v1", "version": "v1"}
                groups = [{"name": "apps", "versions": [apps], "preferredVersion": apps}]
                return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
            case ["api", "v1"]:
                return {"kind": "APIResourceList", "groupVersion": "v1", "resources": []}
            case ["apis", "apps", "v1"]:
                return {"kind": "APIResourceList", "groupVersion": "apps/v1", "resources": resources()}
            case ["apis", "apps", "v1", "namespaces", namespace, "deployments", name]:
                return self.cluster.get(namespace, name)
            case ["apis", "apps", "v1", "namespaces", namespace, "deployments"]:
                if query.get("watch") in ("1", "true"):
                    return None
                found = [self.cluster.get(*key) for key in self.cluster.deployments if self._wanted(key)]
                return listed("Deployment", found, self.cluster.events[-1][0])
            case ["apis", "apps", "v1", "namespaces", namespace, "replicasets"]:
                sets = [one for key, sets in self.cluster.sets.items() if key[0] == namespace for one in sets]
                wanted = dict(part.split("=") for part in query.get("labelSelector", "").split(",") if part)
                mine = [one for one in sets if wanted.items() <= one["metadata"]["labels"].items()]
                return listed("ReplicaSet", mine, self.cluster.events[-1][0])
        raise Refusal(404, "NotFound", f"this API has no {url.path}")

    def _patch(self, body: bytes) -> Json:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        manager, dry = query.get("fieldManager", "kubectl"), query.get("dryRun") == "All"
        match url.path.strip("/").split("/"):
            case ["apis", "apps", "v1", "namespaces", namespace, "deployments", name]:
                if self.headers["Content-Type"].startswith("application/apply-patch"):
                    force = query.get("force") == "true"
                    return self.cluster.apply(
                        namespace, name, json.loads(body), manager=manager, force=force, dry=dry
                    )
                if self.headers["Content-Type"].startswith("application/json-patch"):
                    return self.cluster.patch(namespace, name, json.loads(body), manager=manager, dry=dry)
                raise Refusal(415, "UnsupportedMediaType", f"this API cannot {self.headers['Content-Type']}")
        raise Refusal(404, "NotFound", f"this API has no {url.path}")

    def _wanted(self, key: tuple[str, str]) -> bool:
        url = urlsplit(self.path)
        selector = parse_qs(url.query).get("fieldSelector", [""])[0]
        name = selector.removeprefix("metadata.name=") or key[1]
        return key == (url.path.split("/")[5], name)

    def _watch(self) -> None:
        """Events from a resource version on, until the client goes."""
        since = int(parse_qs(urlsplit(self.path).query).get("resourceVersion", ["0"])[0])
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        try:
            for event in self._events(since):
                line = json.dumps(event).encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
        except OSError:
            self.close_connection = True

    def _events(self, since: int) -> Iterator[Json]:
        while True:
            with self.cluster.changed:
                fresh = [(version, event) for version, event in self.cluster.events if version > since]
                if not fresh:
                    self.cluster.changed.wait(0.5)
            for version, event in fresh:
                since = version
                metadata = event["object"]["metadata"]
                if self._wanted((metadata["namespace"], metadata["name"])):
                    yield event

    def _send(self, code: int, content: Json | bytes, kind: str = "application/json") -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: object) -> None:
        pass


def listed(kind: str, items: list[Json], version: int) -> Json:
    return {
        "kind": f"{kind}List",
        "apiVersion": "apps/v1",
        "metadata": {"resourceVersion": str(version)},
        "items": items,
    }


def resources() -> list[Json]:
    verbs = ["get", "list", "patch", "watch"]
    names = (("deployments", "Deployment", "deploy"), ("replicasets", "ReplicaSet", "rs"))
    return [
        {"name": name, "singularName": kind.lower(), "namespaced": True, "kind": kind, "verbs": verbs,
         "shortNames": [short]}
        for name, kind, short in names
    ]  # fmt: skip


def serve(cluster: Cluster, *, token: str, certificate: tuple[os.PathLike[str], os.PathLike[str]]) -> str:
    """The address; everything runs in daemon threads."""

    def control() -> None:
        while True:
            cluster.step()
            time.sleep(STEP_SECONDS)

    handler = type("Handler", (Api,), {"cluster": cluster, "token": token})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    for loop in (control, server.serve_forever):
        threading.Thread(target=loop, daemon=True).start()
    return f"https://127.0.0.1:{server.server_address[1]}"
