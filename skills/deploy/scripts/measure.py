"""Measure what customers get now, over real requests through the switch. The last line has the observations.

What could not be observed is left out: missing data never passes.
"""

import traffic
from target import Target, arguments, ask, result, run, say

REQUESTS = 240
HEALTH_CHECKS = 10


def main() -> int:
    given = arguments("service", "environment")
    target = Target(service=given.service, environment=given.environment)
    url = target.address(target.state())
    samples = ask("GET", f"/services/{given.service}")["sample_requests"]
    tally = traffic.send(url, samples, count=REQUESTS)
    passed, versions = traffic.health(url, count=HEALTH_CHECKS)
    say(
        f"{tally.requests} requests: {tally.errors} errors, 95 of 100 within {tally.percentile_ms(0.95)} ms; "
        f"{passed} of {HEALTH_CHECKS} health checks passed; {' and '.join(versions) or 'nothing'} answers"
    )
    observed = {
        "requests": tally.requests,
        "errors": tally.errors,
        "error_rate": tally.error_rate(),
        "latency_p50_ms": tally.percentile_ms(0.5),
        "latency_p95_ms": tally.percentile_ms(0.95),
        "health_ok_ratio": passed / HEALTH_CHECKS,
        "version": " and ".join(versions) or None,
    }
    return result({name: value for name, value in observed.items() if value is not None})


if __name__ == "__main__":
    run(main)
