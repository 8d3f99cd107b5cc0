"""Send traffic to the new version, if the target is still at the revision that was planned and approved."""

from place import Place
from script import Stopped, arguments, result, run, say


def main() -> int:
    given = arguments("service", "environment", "version", "digest", "revision", "key")
    place = Place(given.service, given.environment)
    with place.one_change():
        before = place.live()
        if before.done_with(given.key) is not None:
            place.haproxy.keep(before)
            say("It was switched already, by this very step")
            return result({"revision": before.revision})
        if before.revision != given.revision:
            raise Stopped(
                f"The target moved: {before.version} is live at revision {before.revision}, not the revision "
                f"{given.revision} this was planned for. Plan again."
            )
        colour = place.runs(given.digest)
        if colour is None:
            raise Stopped(f"No colour runs {given.version} any more. Nothing was switched.")
        if not place.haproxy.counted(place.backend(colour)).up:
            raise Stopped(f"HAProxy finds {colour} down. Nothing was switched.")
        after = before.then(colour=colour, version=given.version, digest=given.digest, key=given.key)
        place.haproxy.make_live(after)
    say(f"Traffic goes to {colour}: {before.version} → {after.version}")
    return result({"revision": after.revision})


if __name__ == "__main__":
    run(main)
