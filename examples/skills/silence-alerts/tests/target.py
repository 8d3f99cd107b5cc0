"""An Alertmanager behind a password, with one alert that fires. Ends with TERM or with its standard input."""

import base64
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
import urllib.error
import urllib.request
from pathlib import Path

LOGIN = "assent:of-a/test+only"
CONFIG = "route: {receiver: none}\nreceivers: [{name: none}]\n"
LOCKED = "basic_auth_users: {assent: $2b$04$0wGBoD/tuE.LzavbcxrOf.x54SLIn0UsmYMu4jtwAx0nIV9h36h9O}\n"
"""The password of LOGIN, as bcrypt has it."""
ALERT = [{"labels": {"alertname": "Slow", "service": "checkout", "environment": "production"}}]
PATIENCE_SECONDS = 20.0


def main() -> int:
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        print(json.dumps({"lacks": ["prometheus-alertmanager"]}), flush=True)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="alertmanager-") as folder:
        home = Path(folder)
        (home / "am.yml").write_text(CONFIG)
        (home / "web.yml").write_text(LOCKED)
        with socket.create_server(("127.0.0.1", 0)) as held:
            port = held.getsockname()[1]
        process = subprocess.Popen(
            [
                program,
                f"--config.file={home}/am.yml",
                f"--web.config.file={home}/web.yml",
                f"--storage.path={home}/data",
                "--cluster.listen-address=",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=end_with_the_parent,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            until_it_fires(url)
            print(json.dumps({"ALERTMANAGER_URL": url, "ALERTMANAGER_LOGIN": LOGIN}), flush=True)
            while os.read(0, 1024):
                pass
        finally:
            process.kill()
            process.wait()
    return 0


def until_it_fires(url: str) -> None:
    """Tell it of the alert until it lists it."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            ask(f"{url}/api/v2/alerts", json.dumps(ALERT).encode())
            if json.loads(ask(f"{url}/api/v2/alerts")):
                return
        except OSError:
            pass
        time.sleep(0.05)
    sys.exit("Alertmanager does not answer.")


def ask(url: str, body: bytes | None = None) -> bytes:
    login = base64.b64encode(LOGIN.encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers), timeout=2) as answer:
        return bytes(answer.read())


def end_with_the_parent() -> None:
    """However we end, kill -9 included."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
