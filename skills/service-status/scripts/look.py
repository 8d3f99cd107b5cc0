"""Show every service that was asked for, as text people read. Reads only."""

from datetime import datetime
from typing import Any

from observe import HEALTH_CHECKS, REQUESTS, Look, look_at
from plan import services
from target import arguments, result, run, say

SHOWN_CHANGES = 3
WORDS = {"installed": "installed", "started": "started", "switched": "went live", "stopped": "stopped"}


def main() -> int:
    given = arguments("service", "environment")
    looks = [look_at(service, given.environment) for service in services(given.service)]
    text = "\n".join(line for look in looks for line in shown(look, given.environment))
    for line in text.splitlines():
        say(line)
    return result({"text": text, "services": [record(look) for look in looks]})


def shown(look: Look, environment: str) -> list[str]:
    live = look.state["live"]
    since = next(one["at"] for one in look.changes if one["kind"] in ("installed", "switched"))
    lines = [
        f"{look.service} in {environment}: {live['version']} "
        f"(commit {live['commit'][:7]}) is live on {live['colour']} since {at(since)}"
    ]
    if not look.measured():
        lines.append("  it does not answer: health, errors and latency are unknown")
    else:
        versions = " and ".join(look.versions) or "no version"
        lines.append(f"  health: {look.health_passed} of {HEALTH_CHECKS} checks passed, {versions} answers")
        lines.append(
            f"  {REQUESTS} requests just now: {look.error_rate:.1%} errors, "
            f"half within {look.p50_ms} ms, 95 of 100 within {look.p95_ms} ms"
        )
    lines += [f"  standing by on {colour}: {slot['version']}" for colour, slot in standing_by(look)]
    changes = [one for one in look.changes if one["kind"] in WORDS][:SHOWN_CHANGES]
    lines += [f"  {at(one['at'])}  {told(one)}" for one in changes]
    return lines


def standing_by(look: Look) -> list[tuple[str, Any]]:
    live = look.state["live"]["colour"]
    return [
        (colour, slot)
        for colour, slot in look.state["colours"].items()
        if slot and slot["running"] and colour != live
    ]


def told(change: Any) -> str:
    what = change["after"] or change["before"]
    instead = change["kind"] == "switched" and f" instead of {change['before']['version']}"
    by = change["request"] and f" ({change['request']})"
    return f"{what['version']} {WORDS[change['kind']]}{instead or ''}{by}"


def at(stamp: str) -> str:
    return datetime.fromisoformat(stamp).strftime("%Y-%m-%d %H:%M:%S UTC")


def record(look: Look) -> dict[str, Any]:
    return {
        "service": look.service,
        "live": look.state["live"],
        "measured": look.measured(),
        "health_ok_ratio": look.health_passed / HEALTH_CHECKS,
        "error_rate": look.error_rate,
        "latency_p95_ms": look.p95_ms,
    }


if __name__ == "__main__":
    run(main)
