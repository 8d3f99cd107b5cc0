"""Measure what the rollout came to: the deployment's own status, and the errors Prometheus saw over a window.

What could not be observed is left out: missing data never passes.
"""

import argparse
import os
import time
from typing import Any

import promql
from cluster import Deployment, short
from script import Stopped, result, run, say


def main() -> int:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("deployment", "environment", "error-ratio", "alive"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    live = Deployment(given.environment, given.deployment)
    observed: dict[str, Any] = by_prometheus(live, given.error_ratio, given.alive)
    live = Deployment(given.environment, given.deployment)
    wanted = live.spec.get("replicas", 1)
    say(f"{short(live.image())}: {live.status.get('availableReplicas', 0)} of {wanted} pods are available")
    observed |= {"image": live.image(), "settled": live.settled()}
    if wanted:
        observed["available_ratio"] = live.status.get("availableReplicas", 0) / wanted
    return result(observed)


def by_prometheus(live: Deployment, expression: str, alive: str) -> dict[str, float]:
    """The worst moment of the window. `$range` of the expression is four steps."""
    labels = {"namespace": live.namespace, "deployment": live.name}
    window = promql.seconds(os.environ.get("PROMETHEUS_WINDOW", "2m"))
    step = promql.seconds(os.environ.get("PROMETHEUS_STEP", "15s"))
    try:
        prometheus = promql.Prometheus(os.environ.get("PROMETHEUS_URL"))
        began = time.time()
        say(f"Watching errors for {window:g} s")
        time.sleep(window)
        seen = prometheus.over(
            promql.Window(began + 4 * step, began + window, step),
            promql.query(expression.replace("$range", f"{4 * step * 1000:.0f}ms"), labels),
            alive=promql.query(alive, labels),
            stale=2 * step,
        )
    except Stopped as silent:
        say(str(silent))
        return {}
    say(f"Prometheus: {len(seen.values)} moments with a value, {seen.missing} without")
    return promql.observed("error_ratio", seen)


if __name__ == "__main__":
    run(main)
