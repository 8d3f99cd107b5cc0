"""Is the new process healthy, by its own word and by HAProxy's, before anybody is sent to it? Reads only."""

import time

import traffic
from place import Place
from script import Stopped, arguments, result, run, say

NEEDED = 5  # good answers in a row
PAUSE_SECONDS = 0.1


def main() -> int:
    given = arguments("service", "environment", "version", "digest")
    place = Place(given.service, given.environment)
    colour = place.runs(given.digest)
    if colour is None:
        raise Stopped(f"No colour runs {given.version}: it was stopped, or it died. Ask again.")
    passed, said, up = 0, "nothing", False
    until = time.monotonic() + place.start_s
    while time.monotonic() < until:
        healthy, versions = traffic.health(place.address(colour), count=1)
        said = " and ".join(versions) or "nothing"
        passed = passed + 1 if healthy and versions == [given.version] else 0
        up = place.haproxy.counted(place.backend(colour)).up
        if passed >= NEEDED and up:
            say(f"{colour}: {NEEDED} health checks in a row passed, {said} answers, HAProxy finds it up")
            return result({"colour": colour})
        time.sleep(PAUSE_SECONDS)
    seen = "up" if up else "down"
    raise Stopped(
        f"{colour} is not healthy: {passed} of {NEEDED} health checks in a row passed, {said} answers, "
        f"HAProxy finds it {seen}. Nothing was switched."
    )


if __name__ == "__main__":
    run(main)
