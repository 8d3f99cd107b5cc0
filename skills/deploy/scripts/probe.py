"""Did the switch with this key happen? Exit 0: yes. 1: no. 2: nobody can tell now."""

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
        say("The target has no switch with this key: it did not happen")
        return 1
    after = changes[0]["after"]
    say(f"It happened at {changes[0]['at']}: {after['version']} on {after['colour']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
