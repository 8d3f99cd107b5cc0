"""What a deployment would change: the server's own difference, made by a dry run. Reads only."""

import re
from typing import Any

from cluster import MANAGER, Deployment, kubectl, short
from script import Stopped, arguments, plan, result

_PASSING = re.compile(
    r"diff -|--- |\+\+\+ "
    r"|[ +-] +(resourceVersion|generation|time|manager|operation|managedFields|fieldsType|fieldsV1):"
    r"|[ +-] +(- apiVersion: |[fk]:)"
)
"""Temporary files, counters of the server, and who owns which field, which an old kubectl shows as well."""


def main() -> int:
    given = arguments("deployment", "environment", "image")
    live = Deployment(given.environment, given.deployment)
    if managers := live.others():
        raise Stopped(
            f"The image of {live.name} is set by {managers[0]}, which would set it again. Change it there."
        )
    before = live.image()
    answer: dict[str, Any] = {
        "target": {"identity": live.identity, "revision": live.revision},
        "resolved": {"previous_image": before, "previous_number": live.number, "container": live.container()},
    }
    if before == given.image and live.settled():
        text = f"{live.name} runs {short(before)} in {given.environment} already"
        nothing = {"changes": [], "details": f"{text}.", "undo": "nothing to undo"}
        return result({"summary": text, **nothing, **answer, "nothing_to_do": True})
    return result(
        {
            "summary": f"{live.name} {short(before)} → {short(given.image)} in {given.environment}",
            "changes": [{"what": live.name, "from": before, "to": given.image}],
            "details": difference(live, given.image),
            **answer,
            "undo": f"rollout undo to revision {live.number}, {short(before)}",
            "nothing_to_do": False,
        }
    )


def difference(live: Deployment, image: str) -> str:
    """What `kubectl diff --server-side` says, without what differs each time it is asked."""
    ran = kubectl(
        live.environment,
        "diff",
        "--server-side",
        "--force-conflicts",
        f"--field-manager={MANAGER}",
        "--filename=-",
        said=live.with_image(image),
    )
    if ran.code not in (0, 1):
        raise Stopped(f"kubectl diff: {ran.last_words()}")
    lines = [line for line in ran.out.splitlines() if not _PASSING.match(line)]
    return "\n".join(lines) or "The server sees no difference; the rollout before did not come to its end."


if __name__ == "__main__":
    plan(main)
