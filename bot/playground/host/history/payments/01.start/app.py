"""payments: may this card pay this amount. Run it with PORT set (0 = any free); it prints its address."""

import json
import os
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from payment import BadPayment, pay

VERSION = Path(__file__).with_name("VERSION").read_text(encoding="utf-8").strip()
PAGES = {"/health": {"ok": True}, "/version": {"service": "payments", "version": VERSION}}


class Payments(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        if self.path in PAGES:
            self.answer(200, PAGES[self.path])
        else:
            self.answer(404, {"error": f"no such page: {self.path}"})

    def do_POST(self):
        body = self.rfile.read(min(int(self.headers.get("Content-Length", "0")), 65536))
        if self.path != "/pay":
            self.answer(404, {"error": f"no such page: {self.path}"})
            return
        try:
            self.answer(200, pay(json.loads(body)))
        except (BadPayment, json.JSONDecodeError) as bad:
            self.answer(400, {"error": str(bad)})
        except Exception:  # noqa: BLE001 - the outermost place: whatever breaks is a 500 and a traceback
            traceback.print_exc()
            self.answer(500, {"error": "internal error"})

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Access lines are the switch's business; this log keeps errors only."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    server = Server(("127.0.0.1", int(os.environ.get("PORT", "0"))), Payments)
    sys.stdout.write(f"listening on http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
