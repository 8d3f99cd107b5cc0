"""Undo of switch: traffic back to the recorded version.

Only what this request switched is taken back. When it never switched, or is back already, there is nothing to
do; when somebody else has changed it since, that stays and we say so.
"""

from place import NOTHING, Place, Release
from script import arguments, run, say


def main() -> int:
    given = arguments(
        "service", "environment", "previous", "previous-digest", "previous-colour", "key", "request"
    )
    place = Place(given.service, given.environment)
    with place.one_change():
        live = place.live()
        ours = live.done_with(given.key)
        if ours is None:
            say(f"This request switched nothing: {live.version} is live, nothing to undo")
            return 0
        if live.done_with(f"{given.key}/undo") is not None:
            place.haproxy.keep(live)
            say("It was taken back already")
            return 0
        if live.number != ours:
            say(f"{live.version} is live by a later change. It stays; look at it before you go back.")
            return 1
        colour = given.previous_colour
        if given.previous != NOTHING:
            colour = place.runs(given.previous_digest) or colour
            place.start(colour, Release(given.previous, given.previous_digest), request=given.request)
        back = live.then(
            colour=colour,
            version=given.previous,
            digest=given.previous_digest,
            key=f"{given.key}/undo",
        )
        place.haproxy.make_live(back)
    say(f"Traffic is back on {colour}: {live.version} → {given.previous}")
    return 0


if __name__ == "__main__":
    run(main)
