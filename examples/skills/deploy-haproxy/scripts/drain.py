"""Wait until the old version has answered what it had begun. It only watches: new requests go elsewhere."""

import time

from place import Place, other
from script import arguments, result, run, say

PATIENCE_SECONDS = 20.0
PAUSE_SECONDS = 0.1


def main() -> int:
    given = arguments("service", "environment")
    place = Place(given.service, given.environment)
    old = other(place.live().colour)
    until = time.monotonic() + PATIENCE_SECONDS
    while (left := place.haproxy.counted(place.backend(old)).sessions) and time.monotonic() < until:
        time.sleep(PAUSE_SECONDS)
    if left:
        say(f"{old} still has {left} sessions after {PATIENCE_SECONDS:.0f} s. It stays up, so they can end")
    else:
        say(f"{old} has answered everything it had begun, and stays warm")
    return result({"sessions_left": left})


if __name__ == "__main__":
    run(main)
