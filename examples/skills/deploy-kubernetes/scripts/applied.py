"""Did the apply with this key happen? Exit 0: yes. 1: no. 2: nobody can tell now."""

from cluster import Deployment
from script import arguments, probe, say


def main() -> int:
    given = arguments("deployment", "environment", "key")
    live = Deployment(given.environment, given.deployment)
    if live.change != given.key:
        say(f"The last change of ours is {live.change or 'none'}: it did not happen")
        return 1
    say(f"It happened: revision {live.number}")
    return 0


if __name__ == "__main__":
    probe(main)
