"""What will be looked at. Nothing changes, so there is no revision that could move."""

import json

from target import Declined, arguments, ask, result, run

REFUSED = 3


def main() -> int:
    given = arguments("service", "environment")
    try:
        names = services(given.service)
    except Declined as declined:
        print(json.dumps({"refused": str(declined)}, ensure_ascii=False), flush=True)
        return REFUSED
    text = f"look at {' and '.join(names)} in {given.environment}"
    return result(
        {
            "summary": text,
            "changes": [],
            "details": f"{text}: version, health, errors and latency over real requests, last changes.",
            "target": {"identity": f"demo-host/{given.environment}", "revision": "read-only"},
            "resolved": {"services": ",".join(names)},
            "undo": "nothing to undo",
            "nothing_to_do": False,
        }
    )


def services(asked: str) -> list[str]:
    """The services that were asked for; declined when there is no such service."""
    if asked == "all":
        return [one["service"] for one in ask("GET", "/services")["services"]]
    return [ask("GET", f"/services/{asked}")["service"]]


if __name__ == "__main__":
    run(main)
