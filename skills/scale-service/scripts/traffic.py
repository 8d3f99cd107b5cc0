"""Real requests, sent the way a customer's come: through the switch, over HTTP, a few at a time."""

import base64
import http.client
import itertools
import json
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

SENDERS = 4
PATIENCE_SECONDS = 5.0


@dataclass
class Tally:
    """What came back. A server error or no answer is an error; `answered` counts answers of any kind."""

    requests: int = 0
    answered: int = 0
    errors: int = 0
    seconds: list[float] = field(default_factory=list)

    def error_rate(self) -> float | None:
        return self.errors / self.requests if self.requests else None

    def percentile_ms(self, share: float) -> float | None:
        ordered = sorted(self.seconds)
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 1) if ordered else None


class Customer:
    """One connection that stays open between requests, as a browser's does."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._path = address.path.rstrip("/")
        proxy = urlsplit(urllib.request.getproxies().get("http", ""))
        way = proxy if proxy.hostname else address
        self._connection = http.client.HTTPConnection(
            way.hostname or "127.0.0.1", way.port, timeout=PATIENCE_SECONDS
        )
        if proxy.hostname:  # by a tunnel, which stays open from one request to the next
            user = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
            known = {"Proxy-Authorization": f"Basic {user}"} if proxy.username else {}
            self._connection.set_tunnel(address.hostname or "", address.port, headers=known)

    def send(self, method: str, path: str, body: Any = None) -> tuple[int | None, bytes]:
        """Status and content; None when there was no answer."""
        data = None if body is None else json.dumps(body).encode()
        try:
            self._connection.request(
                method, self._path + path, body=data, headers={"Content-Type": "application/json"}
            )
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return None, b""

    def close(self) -> None:
        self._connection.close()


def send(url: str, samples: list[Any], *, count: int, first: int = 0) -> Tally:
    """Send `count` of the sample requests, from number `first` on, by a few customers at once."""
    tally, one_at_a_time = Tally(), threading.Lock()
    numbers = iter(range(first, first + count))

    def customer() -> None:
        connection = Customer(url)
        try:
            while True:
                with one_at_a_time:
                    number = next(numbers, None)
                if number is None:
                    return
                sample = samples[number % len(samples)]
                began = time.perf_counter()
                status, _ = connection.send(sample["method"], sample["path"], sample["body"])
                took = time.perf_counter() - began
                with one_at_a_time:
                    tally.requests += 1
                    tally.answered += status is not None
                    tally.errors += status is None or status >= 500
                    tally.seconds.append(took)
        finally:
            connection.close()

    threads = [threading.Thread(target=customer) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


def health(url: str, *, count: int) -> tuple[int, list[str]]:
    """How many of `count` health checks passed, and every version that said it answered."""
    customer = Customer(url)
    try:
        passed = sum(customer.send("GET", "/health")[0] == 200 for _ in range(count))
        versions = {version for _ in itertools.repeat(None, count) if (version := _version(customer))}
    finally:
        customer.close()
    return passed, sorted(versions)


def _version(customer: Customer) -> str | None:
    status, content = customer.send("GET", "/version")
    try:
        return str(json.loads(content)["version"]) if status == 200 else None
    except (ValueError, KeyError, TypeError):
        return None
