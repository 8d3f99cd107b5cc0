"""Undo of stage: stop the new version. Nothing to stop is fine; the live one is never stopped."""

from place import Place, other
from script import arguments, run, say


def main() -> int:
    given = arguments("service", "environment", "digest")
    place = Place(given.service, given.environment)
    with place.one_change():
        live = place.live()
        idle = place.backend(other(live.colour))
        program = place.supervisor.program(idle)
        if live.digest == given.digest:
            say(f"{live.version} is live on {live.colour}: it is not stopped")
            return 1
        if program is None or program.digest != given.digest[:12]:
            say("The new version was not running: nothing to stop")
            return 0
        place.supervisor.stop(idle)
    say(f"{program.name} stopped")
    return 0


if __name__ == "__main__":
    run(main)
