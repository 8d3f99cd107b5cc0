"""What a restart would do, and how the service is before it. Reads only."""

import json

from target import Declined, Target, arguments, result, run

REFUSED = 3


def main() -> int:
    given = arguments("service", "environment")
    target = Target(service=given.service, environment=given.environment)
    try:
        state = target.state()
    except Declined as declined:
        print(json.dumps({"refused": str(declined)}, ensure_ascii=False), flush=True)
        return REFUSED
    live, count = state["live"], state["replicas"]
    well = "healthy" if target.health(live["colour"])["ok"] else "not healthy"
    each = "its one process" if count == 1 else f"{count} processes, one after another"
    return result(
        {
            "summary": f"restart {given.service} {live['version']} in {given.environment}",
            "changes": [{"what": given.service, "from": "running", "to": "restarted"}],
            "details": f"{given.service} {live['version']} on {live['colour']} is {well} now.\n"
            f"Restarted: {each}. A new one must be healthy before an old one ends.",
            "target": {"identity": state["identity"], "revision": state["revision"]},
            "resolved": {"version": live["version"]},
            "undo": "none is needed: the same version runs before and after",
            "nothing_to_do": False,
        }
    )


if __name__ == "__main__":
    run(main)
