"""Ask the new process for its health and version, before anybody is sent to it. Reads only."""

import time

from target import Target, arguments, result, run, runs, say

NEEDED = 5  # good answers in a row
TRIES = 25
PAUSE_SECONDS = 0.1


def main() -> int:
    given = arguments("service", "environment", "commit", "version")
    target = Target(service=given.service, environment=given.environment)
    colour = runs(target.state(), given.commit)
    if colour is None:
        say(f"No colour runs {given.version}: it was stopped, or the host was restarted. Ask again.")
        return 1
    good, health = 0, {}
    for _ in range(TRIES):
        health = target.health(colour)
        good = good + 1 if health["ok"] and health["version"] == given.version else 0
        if good == NEEDED:
            say(f"{colour}: {NEEDED} of {NEEDED} health checks in a row passed, {given.version} answers")
            return result({"colour": colour, "passed": good})
        time.sleep(PAUSE_SECONDS)
    version = health["version"] or "not said"
    say(f"{colour} is not healthy: {health['detail']}, version {version}. Nothing was switched.")
    return 1


if __name__ == "__main__":
    run(main)
