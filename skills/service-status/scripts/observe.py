"""One look at one service: what is live, and how it answers real requests now."""

from dataclasses import dataclass
from typing import Any

import traffic
from target import Target, ask

REQUESTS = 60
HEALTH_CHECKS = 10


@dataclass(frozen=True)
class Look:
    """`answered` is 0 when nothing came back at all: then nobody knows how the service is."""

    service: str
    state: Any
    changes: list[Any]
    answered: int
    error_rate: float | None
    p50_ms: float | None
    p95_ms: float | None
    health_passed: int
    versions: list[str]

    def measured(self) -> bool:
        """Also a service that answers nothing but errors was measured."""
        return self.answered > 0


def look_at(service: str, environment: str) -> Look:
    target = Target(service=service, environment=environment)
    state = target.state()
    samples = ask("GET", f"/services/{service}")["sample_requests"]
    address = target.address(state)
    tally = traffic.send(address, samples, count=REQUESTS)
    passed, versions = traffic.health(address, count=HEALTH_CHECKS)
    return Look(
        service=service,
        state=state,
        changes=target.history(),
        answered=tally.answered,
        error_rate=tally.error_rate(),
        p50_ms=tally.percentile_ms(0.5),
        p95_ms=tally.percentile_ms(0.95),
        health_passed=passed,
        versions=versions,
    )
