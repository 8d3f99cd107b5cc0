"""Is the service well after the restart, and was it restarted? What could not be observed is left out."""

import traffic
from target import Target, arguments, ask, result, run, say

REQUESTS = 60
HEALTH_CHECKS = 10


def main() -> int:
    given = arguments("service", "environment", "request")
    target = Target(service=given.service, environment=given.environment)
    restarted = any(change["kind"] == "restarted" for change in target.history(request=given.request))
    url = target.address(target.state())
    samples = ask("GET", f"/services/{given.service}")["sample_requests"]
    tally = traffic.send(url, samples, count=REQUESTS)
    passed, versions = traffic.health(url, count=HEALTH_CHECKS)
    say(
        f"{tally.requests} requests: {tally.errors} errors; {passed} of {HEALTH_CHECKS} health checks "
        f"passed; {' and '.join(versions) or 'nothing'} answers"
    )
    observed = {
        "restarted": restarted,
        "health_ok_ratio": passed / HEALTH_CHECKS,
        "error_rate": tally.error_rate(),
        "version": " and ".join(versions) or None,
    }
    return result({name: value for name, value in observed.items() if value is not None})


if __name__ == "__main__":
    run(main)
