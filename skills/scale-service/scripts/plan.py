"""What scaling would change. Reads only; the same state gives the same bytes."""

import json
from typing import Any

from target import Declined, Target, arguments, result, run

REFUSED = 3


def main() -> int:
    given = arguments("service", "environment", "replicas")
    target = Target(service=given.service, environment=given.environment)
    try:
        state = target.state()
    except Declined as declined:
        print(json.dumps({"refused": str(declined)}, ensure_ascii=False), flush=True)
        return REFUSED
    before, wanted = state["replicas"], int(given.replicas)
    answer: dict[str, Any] = {
        "target": {"identity": state["identity"], "revision": f"{state['revision']}-x{before}"},
        "resolved": {"previous": before},
    }
    if before == wanted:
        text = f"{given.service} has {counted(wanted)} in {given.environment} already"
        nothing = {"changes": [], "details": f"{text}.", "undo": "nothing to undo"}
        return result({"summary": text, **nothing, **answer, "nothing_to_do": True})
    version = state["live"]["version"]
    return result(
        {
            "summary": f"scale {given.service} {before} → {wanted} in {given.environment}",
            "changes": [{"what": given.service, "from": counted(before), "to": counted(wanted)}],
            "details": f"{given.service} {version} has {counted(before)} and gets {counted(wanted)}.",
            **answer,
            "undo": f"back to {counted(before)}",
            "nothing_to_do": False,
        }
    )


def counted(replicas: int) -> str:
    return f"{replicas} process{'' if replicas == 1 else 'es'}"


if __name__ == "__main__":
    run(main)
