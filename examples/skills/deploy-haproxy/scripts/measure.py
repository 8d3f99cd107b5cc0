"""Measure what customers get now: by real requests through HAProxy, by its own counts, and by Prometheus.

What could not be observed is left out: missing data never passes.
"""

import time
from typing import Any

import promql
import traffic
from place import Place
from script import Stopped, arguments, result, run, say

PER_ROUND = 40
ROUNDS = 8
HEALTH_CHECKS = 10
SAMPLES = 4  # scrapes in a rate: two are the least, and one may be lost
SETTLED = 2  # scrapes to wait, so that the last requests are in


def main() -> int:
    given = arguments("service", "environment")
    place = Place(given.service, given.environment)
    backend = place.backend(place.live().colour)
    before = place.haproxy.counted(backend)
    began = time.time()
    tally = watch(place)
    ended = time.time()
    passed, versions = traffic.health(place.url, count=HEALTH_CHECKS)
    counted = place.haproxy.counted(backend).since(before)
    say(
        f"{tally.requests} requests: {tally.errors} errors, 95 of 100 within {tally.percentile_ms(0.95)} ms; "
        f"HAProxy counted {counted.errors} errors in {counted.requests}; "
        f"{passed} of {HEALTH_CHECKS} health checks passed; {' and '.join(versions) or 'nothing'} answers"
    )
    observed: dict[str, Any] = {
        "requests": tally.requests,
        "error_rate": tally.error_rate(),
        "latency_p95_ms": tally.percentile_ms(0.95),
        "health_ok_ratio": passed / HEALTH_CHECKS,
        "haproxy_error_rate": counted.errors / counted.requests if counted.requests else None,
        "version": " and ".join(versions) or None,
        **by_prometheus(place, backend, began, ended),
    }
    return result({name: value for name, value in observed.items() if value is not None})


def watch(place: Place) -> traffic.Tally:
    """Customers' requests, spread over the window."""
    whole = traffic.Tally()
    for number in range(ROUNDS):
        began = time.monotonic()
        tally = traffic.send(place.url, place.requests, count=PER_ROUND, first=whole.requests)
        whole = traffic.Tally(
            whole.requests + tally.requests,
            whole.answered + tally.answered,
            whole.errors + tally.errors,
            whole.seconds + tally.seconds,
        )
        if number < ROUNDS - 1:
            time.sleep(max(0.0, place.window_s / ROUNDS - (time.monotonic() - began)))
    return whole


def by_prometheus(place: Place, backend: str, began: float, ended: float) -> dict[str, float]:
    """The worst error ratio that Prometheus saw at any moment; nothing when it cannot tell."""
    time.sleep(SETTLED * place.scrape_s)
    span = f"{SAMPLES * place.scrape_s * 1000:.0f}ms"
    of = "haproxy_backend_http_responses_total"
    expression = (
        f'sum(rate({of}{{proxy=$backend,code="5xx"}}[{span}])) / sum(rate({of}{{proxy=$backend}}[{span}]))'
    )
    window = promql.Window(began + SAMPLES * place.scrape_s, ended + place.scrape_s, place.scrape_s)
    try:
        seen = promql.Prometheus(place.prometheus).over(
            window,
            promql.query(expression, {"backend": backend}),
            alive=place.alive,
            stale=SAMPLES * place.scrape_s,
        )
    except Stopped as silent:
        say(str(silent))
        return {}
    say(f"Prometheus: {len(seen.values)} moments with a value, {seen.missing} without")
    return promql.observed("error_ratio", seen)


if __name__ == "__main__":
    run(main)
