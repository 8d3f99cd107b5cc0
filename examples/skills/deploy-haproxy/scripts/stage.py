"""Have the release running on the idle colour. Run again it changes nothing that runs already."""

from place import Place, Release, other
from script import arguments, result, run, say


def main() -> int:
    given = arguments("service", "environment", "version", "digest", "request")
    place = Place(given.service, given.environment)
    with place.one_change():
        live = place.live()
        colour = place.runs(given.digest) or other(live.colour)
        say(f"Starting {given.version} on {colour}; {live.version} stays live on {live.colour}")
        program = place.start(colour, Release(given.version, given.digest), request=given.request)
    say(f"{colour} runs {given.version} (pid {program.pid}, sha256 {program.digest})")
    return result({"colour": colour, "pid": program.pid})


if __name__ == "__main__":
    run(main)
