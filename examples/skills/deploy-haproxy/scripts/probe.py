"""Did the switch with this key happen, in HAProxy and in the file that outlives it? 0 yes, 1 no, else 2."""

from place import Place
from script import arguments, probe, say


def main() -> int:
    given = arguments("service", "environment", "key")
    place = Place(given.service, given.environment)
    number = place.live().done_with(given.key)
    if number is None:
        say("HAProxy has no switch with this key: it did not happen")
        return 1
    if place.haproxy.written().done_with(given.key) is None:
        say("HAProxy has switched, and its map's file has not: the step is run again, which writes it")
        return 1
    say(f"It happened: change {number}")
    return 0


if __name__ == "__main__":
    probe(main)
