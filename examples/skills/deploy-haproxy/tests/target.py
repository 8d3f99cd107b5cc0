"""A host with real HAProxy, supervisor and Prometheus, for tests: all on 127.0.0.1, in a folder of its own.

It prints one JSON line of variables when all of it serves, and ends with all it started when its standard
input ends. With the word `quick` it does not wait until Prometheus has scraped HAProxy, which takes it five
seconds from its start. The service it deploys is small but real: 1.0.0 and 1.1.0 are good, 1.2.0 is healthy
and fails for every third customer, 1.3.0 never gets healthy, 1.4.0 does not start.
"""

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

SERVICE = '''\
#!{python}
"""A small service. Its version is in VERSION, its port in PORT."""
import itertools, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RELEASE = "{version}"
NUMBERS = itertools.count()
if RELEASE == "1.4.0":
    sys.exit("cannot open its database")

class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # one packet an answer

    def do_GET(self):
        status, text = 200, "ok"
        if self.path == "/health":
            status = 503 if RELEASE == "1.3.0" else 200
        elif self.path == "/version":
            text = '{{"version": "%s"}}' % RELEASE
        elif RELEASE == "1.2.0" and next(NUMBERS) % 3 == 0:
            status, text = 500, "no"
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *words):
        pass

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
'''
VERSIONS = ("1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0")
NEEDED = ("haproxy", "supervisord", "prometheus")
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin"
PATIENCE_SECONDS = 20.0


def main() -> int:
    programs = {name: shutil.which(name, path=PATH) for name in NEEDED}
    if lacking := [name for name, found in programs.items() if found is None]:
        print(json.dumps({"lacks": lacking}), flush=True)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="blue-green-", dir="/tmp") as folder:
        home = Path(folder)
        ports = free_ports(5)
        arrange(home, ports, {name: str(found) for name, found in programs.items()})
        process = subprocess.Popen(
            [str(programs["supervisord"]), "-n", "-c", str(home / "supervisord.conf")],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            preexec_fn=end_with_the_parent,
        )
        try:
            wait(home, f"http://127.0.0.1:{ports[3]}", scraped="quick" not in sys.argv)
            hosts = ",".join(f"127.0.0.1:{port}" for port in ports[:4])  # all but HAProxy's own metrics
            print(json.dumps({"HAPROXY_TARGET": folder, "HAPROXY_HOSTS": hosts}), flush=True)
            while os.read(0, 1024):
                pass
        finally:
            process.terminate()
            process.wait()
    return 0


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def arrange(home: Path, ports: list[int], programs: dict[str, str]) -> None:
    front, blue, green, prometheus, metrics = ports
    for name in ("programs", "releases/checkout", "state"):
        (home / name).mkdir(parents=True)
    for version in VERSIONS:
        release = home / "releases/checkout" / version
        release.write_text(SERVICE.format(python=sys.executable, version=version))
        release.chmod(0o755)
    live = home / "state/checkout_production.map"
    live.write_text("live blue\n")
    (home / "haproxy.cfg").write_text(f"""\
global
    stats socket {home}/haproxy.sock mode 600 level admin
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 30s
frontend checkout_production
    bind 127.0.0.1:{front}
    use_backend checkout_production_%[str(live),map({live},blue)]
backend checkout_production_blue
    option httpchk GET /health
    server app 127.0.0.1:{blue} check inter 200ms fastinter 100ms rise 1 fall 2
backend checkout_production_green
    option httpchk GET /health
    server app 127.0.0.1:{green} check inter 200ms fastinter 100ms rise 1 fall 2
frontend metrics
    bind 127.0.0.1:{metrics}
    http-request use-service prometheus-exporter
""")
    (home / "prometheus.yml").write_text(f"""\
global: {{scrape_interval: 400ms, scrape_timeout: 400ms}}
scrape_configs:
  - job_name: haproxy
    static_configs: [{{targets: ["127.0.0.1:{metrics}"]}}]
    params: {{scope: [backend]}}
""")
    prometheus_argv = [
        programs["prometheus"],
        f"--config.file={home}/prometheus.yml",
        f"--storage.tsdb.path={home}/tsdb",
        f"--web.listen-address=127.0.0.1:{prometheus}",
    ]
    (home / "supervisord.conf").write_text(f"""\
[supervisord]
nodaemon=true
logfile={home}/supervisord.log
pidfile={home}/supervisord.pid
[unix_http_server]
file={home}/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[include]
files = {home}/programs/*.conf
[supervisorctl]
serverurl=unix://{home}/supervisor.sock
[program:haproxy]
command={programs["haproxy"]} -db -f {home}/haproxy.cfg
stdout_logfile={home}/haproxy.log
redirect_stderr=true
startsecs=0
stopsignal=KILL
autorestart=true
[program:prometheus]
command={" ".join(prometheus_argv)}
stdout_logfile={home}/prometheus.log
redirect_stderr=true
startsecs=0
stopsignal=KILL
""")
    (home / "target.toml").write_text(f"""\
name = "test-host"
prometheus = "http://127.0.0.1:{prometheus}"
start_seconds = 3
window_seconds = 2.4
scrape_seconds = 0.4

[services.checkout.production]
url = "http://127.0.0.1:{front}"
blue = {blue}
green = {green}
requests = ["/", "/basket"]
""")


def wait(home: Path, prometheus: str, *, scraped: bool) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        serves = (home / "haproxy.sock").exists() and (home / "supervisor.sock").exists()
        if serves and (not scraped or has_scraped(prometheus)):
            return
        time.sleep(0.05)
    logs = "\n".join(path.read_text(errors="replace")[-800:] for path in home.glob("*.log"))
    sys.exit(f"It does not serve.\n{logs}")


def has_scraped(prometheus: str) -> bool:
    try:
        with urllib.request.urlopen(f"{prometheus}/api/v1/query?query=up", timeout=1) as answer:
            return any(one["value"][1] == "1" for one in json.load(answer)["data"]["result"])
    except OSError:
        return False


def end_with_the_parent() -> None:
    """However we end, kill -9 included: supervisor ends what it started."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
