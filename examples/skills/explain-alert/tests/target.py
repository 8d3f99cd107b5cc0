"""An Alertmanager with one alert that fires. Ends with TERM or with its standard input."""

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

ALERT = [{"labels": {"alertname": "HighErrorRate", "service": "checkout", "environment": "production"}}]
PATIENCE_SECONDS = 20.0


def main() -> int:
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        print(json.dumps({"lacks": ["prometheus-alertmanager"]}), flush=True)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="alertmanager-") as folder:
        config = Path(folder) / "am.yml"
        config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
        with socket.create_server(("127.0.0.1", 0)) as held:
            address = f"127.0.0.1:{held.getsockname()[1]}"
        process = subprocess.Popen(
            [
                program,
                f"--config.file={config}",
                f"--storage.path={folder}/data",
                "--cluster.listen-address=",
                f"--web.listen-address={address}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=end_with_the_parent,
        )
        try:
            until_it_fires(f"http://{address}")
            print(json.dumps({"ALERTMANAGER_URL": f"http://{address}"}), flush=True)
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
            ask(url, json.dumps(ALERT).encode())
            if json.loads(ask(url)):
                return
        except OSError:
            pass
        time.sleep(0.05)
    sys.exit("Alertmanager does not answer.")


def ask(url: str, body: bytes | None = None) -> bytes:
    said = urllib.request.Request(
        f"{url}/api/v2/alerts", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(said, timeout=2) as answer:
        return bytes(answer.read())


def end_with_the_parent() -> None:
    """However we end, kill -9 included."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
