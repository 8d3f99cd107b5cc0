"""checkout: what a cart costs. Run it with PORT set (0 = any free port); it prints its address."""

import json
import os
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from cart import BadCart, price_cart

VERSION = Path(__file__).with_name("VERSION").read_text(encoding="utf-8").strip()


class Checkout(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        url = urlsplit(self.path)
        try:
            status, answer = self.route(url.path, dict(parse_qsl(url.query)))
        except BadCart as bad:
            status, answer = 400, {"error": str(bad)}
        except Exception:  # noqa: BLE001 - the outermost place: whatever breaks is a 500 and a traceback
            traceback.print_exc()
            status, answer = 500, {"error": "internal error"}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def route(self, path, query):
        if path == "/health":
            return 200, {"ok": True}
        if path == "/version":
            return 200, {"service": "checkout", "version": VERSION}
        if path == "/cart":
            return 200, price_cart(query.get("items", ""), customer=query.get("customer", "0"))
        return 404, {"error": f"no such page: {path}"}

    def log_message(self, *args):
        """Access lines are the switch's business; this log keeps errors only."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    server = Server(("127.0.0.1", int(os.environ.get("PORT", "0"))), Checkout)
    sys.stdout.write(f"listening on http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
