"""How many processes run, and is the service well with them? What could not be observed is left out."""

import traffic
from target import Target, arguments, ask, result, run, say

REQUESTS = 60
HEALTH_CHECKS = 10


def main() -> int:
    given = arguments("service", "environment")
    target = Target(service=given.service, environment=given.environment)
    state = target.state()
    processes = state["colours"][state["live"]["colour"]]["replicas"]
    running = sum(one["pid"] is not None for one in processes)
    samples = ask("GET", f"/services/{given.service}")["sample_requests"]
    url = target.address(state)
    tally = traffic.send(url, samples, count=REQUESTS)
    passed, _ = traffic.health(url, count=HEALTH_CHECKS)
    say(
        f"{running} processes run; {tally.requests} requests: {tally.errors} errors; "
        f"{passed} of {HEALTH_CHECKS} health checks passed"
    )
    observed = {
        "running": str(running),
        "health_ok_ratio": passed / HEALTH_CHECKS,
        "error_rate": tally.error_rate(),
    }
    return result({name: value for name, value in observed.items() if value is not None})


if __name__ == "__main__":
    run(main)
