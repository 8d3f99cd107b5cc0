"""Have the target stop the old version after a while. Until then it stays warm for a quick way back."""

from target import Target, arguments, result, run, say


def main() -> int:
    given = arguments("service", "environment", "commit", "after", "key", "request")
    target = Target(service=given.service, environment=given.environment)
    after = float(given.after)
    done = target.do("retire", commit=given.commit, after=after, key=given.key, request=given.request)
    if done["retires"] is None:
        say("The old version does not run any more: nothing to retire")
    else:
        say(f"{done['retires']} keeps {done['version']} warm for {after:.0f} s, then stops")
    return result({"retires": done["retires"]})


if __name__ == "__main__":
    run(main)
