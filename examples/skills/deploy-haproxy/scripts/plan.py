"""What a deployment would change. Reads only; the same state gives the same bytes."""

from typing import Any

from place import NOTHING, Place, Release, other
from script import arguments, plan, result

DIGITS = 12


def main() -> int:
    given = arguments("service", "environment", "version")
    place = Place(given.service, given.environment)
    wanted = place.release(given.version)
    live = place.live()
    answer: dict[str, Any] = {
        "target": {"identity": place.identity, "revision": live.revision},
        "resolved": {
            "digest": wanted.digest,
            "previous": live.version,
            "previous_digest": live.digest,
            "previous_colour": live.colour,
        },
    }
    if live.digest == wanted.digest and place.runs(wanted.digest) == live.colour:
        text = f"{given.service} {given.version} is already live in {given.environment}"
        nothing = {"changes": [], "details": f"{text}, on {live.colour}.", "undo": "nothing to undo"}
        return result({"summary": text, **nothing, **answer, "nothing_to_do": True})
    return result(
        {
            "summary": f"{given.service} {live.version} → {given.version} in {given.environment}",
            "changes": [{"what": given.service, "from": live.version, "to": given.version}],
            "details": details(place, wanted),
            **answer,
            "undo": f"back to {live.version} on {live.colour} (recorded revision {live.revision})",
            "nothing_to_do": False,
        }
    )


def details(place: Place, wanted: Release) -> str:
    live = place.live()
    idle = other(live.colour)
    standing_by = place.supervisor.program(place.backend(idle))
    lines = ["Processes:", f"  {idle} starts {wanted.version}, sha256 {wanted.digest[:DIGITS]}"]
    if standing_by is not None and standing_by.digest != wanted.digest[:DIGITS]:
        lines.append(f"  instead of what it keeps warm now, sha256 {standing_by.digest}")
    if live.version != NOTHING:
        lines.append(f"  {live.colour} keeps {live.version}, sha256 {live.digest[:DIGITS]}, warm")
    lines.append(f"Traffic: {live.colour} → {idle}, one commit of HAProxy's map.")
    if place.haproxy.written() != live:
        lines.append(
            "HAProxy's map is not what its file says: a restart of HAProxy would change what is live."
        )
    return "\n".join(lines)


if __name__ == "__main__":
    plan(main)
