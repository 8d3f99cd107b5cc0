"""A small Kubernetes API (`cluster.py` says what it is and is not) for the real kubectl, and a Prometheus.

Prints one JSON line of variables when all of it serves, and ends with TERM or with its standard input; with
the word `quick` it does not wait until Prometheus has scraped its target. The deployment `checkout` is there
in the contexts `staging` and `production`, `ledger` belongs to a controller. Images whose digest begins with
`bad` answer a third of their requests with an error, those with `dead` never become available.
"""

import base64
import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import certificate
from api import serve
from cluster import Cluster

TOKEN = "of-a-test"  # noqa: S105  (it opens nothing but this)
FIRST = f"registry.test/checkout@sha256:{'1' * 64}"
CONTEXTS = {"staging": "shop-staging", "production": "shop"}
INTERVAL = "400ms"
PATIENCE_SECONDS = 20.0


class Traffic(threading.Thread):
    """Counts requests as the pods would, by the image that is live; served as metrics to Prometheus."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(daemon=True)
        self._cluster, self._counts = cluster, dict.fromkeys(("200", "500"), 0)

    def run(self) -> None:
        while True:
            time.sleep(0.05)
            container = self._cluster.deployments["shop", "checkout"]["spec"]["template"]["spec"][
                "containers"
            ][0]
            failing = "@sha256:bad" in container["image"]
            self._counts["200"] += 2 if failing else 3
            self._counts["500"] += 1 if failing else 0

    def text(self) -> str:
        name = 'http_requests_total{code="%s"} %d\n'
        return "".join(name % one for one in self._counts.items())


def main() -> int:
    programs = {name: shutil.which(name) for name in ("kubectl", "prometheus", "diff")}
    if lacking := [name for name, found in programs.items() if found is None]:
        print(json.dumps({"lacks": lacking}), flush=True)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="small-cluster-") as folder:
        home = Path(folder)
        cluster = Cluster()
        for namespace in CONTEXTS.values():
            cluster.create(namespace, "checkout", FIRST, owner="kubectl-create")
        cluster.create("shop", "ledger", FIRST, owner="argocd-controller")
        traffic = Traffic(cluster)
        traffic.start()
        pair = certificate.write(home)
        api = serve(cluster, token=TOKEN, certificate=pair)
        config = kubeconfig(home, api, pair[0].read_bytes())
        with prometheus(home, str(programs["prometheus"]), metrics(traffic)) as url:
            if "quick" not in sys.argv:
                wait_for_scrape(url)
            variables = {
                "KUBECONFIG": str(config),
                "KUBERNETES_HOSTS": api.removeprefix("https://"),
                "PROMETHEUS_URL": url,
                "PROMETHEUS_WINDOW": "2500ms",
                "PROMETHEUS_STEP": INTERVAL,
            }
            print(json.dumps(variables), flush=True)
            while os.read(0, 1024):
                pass
    return 0


def kubeconfig(home: Path, url: str, authority: bytes) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "small",
                "cluster": {
                    "server": url,
                    "certificate-authority-data": base64.b64encode(authority).decode(),
                },
            }
        ],
        "users": [{"name": "deployer", "user": {"token": TOKEN}}],
        "contexts": [
            {"name": name, "context": {"cluster": "small", "user": "deployer", "namespace": namespace}}
            for name, namespace in CONTEXTS.items()
        ],
    }
    (home / "kubeconfig").write_text(json.dumps(config))
    return home / "kubeconfig"


def metrics(traffic: Traffic) -> int:
    """The port where Prometheus finds them."""

    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(traffic.text().encode())

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_address[1])


@contextlib.contextmanager
def prometheus(home: Path, program: str, scraped: int) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    labels = {"namespace": "shop", "deployment": "checkout"}
    job = {
        "job_name": "checkout",
        "static_configs": [{"targets": [f"127.0.0.1:{scraped}"], "labels": labels}],
    }
    every = {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL}
    (home / "prometheus.yml").write_text(json.dumps({"global": every, "scrape_configs": [job]}))
    process = subprocess.Popen(
        [
            program,
            f"--config.file={home}/prometheus.yml",
            f"--storage.tsdb.path={home}/tsdb",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=end_with_the_parent,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def wait_for_scrape(url: str) -> None:
    """Prometheus looks at its targets five seconds after its start, not before."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"{url}/api/v1/query?query=up", timeout=1) as answer,
        ):
            if any(one["value"][1] == "1" for one in json.load(answer)["data"]["result"]):
                return
        time.sleep(0.05)
    sys.exit("Prometheus does not scrape.")


def end_with_the_parent() -> None:
    """However we end, kill -9 included."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
