"""Did the restart with this key come to its end? Exit 0: yes. 1: no. 2: nobody can tell now."""

import sys

from target import Declined, Target, Unreachable, arguments, say


def main() -> int:
    given = arguments("service", "environment", "key")
    target = Target(service=given.service, environment=given.environment)
    try:
        changes = target.history(key=given.key)
    except (Declined, Unreachable) as silent:
        say(str(silent))
        return 2
    if not changes:
        say("The host has no restart with this key: it did not come to its end")
        return 1
    say(f"It was restarted at {changes[0]['at']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
