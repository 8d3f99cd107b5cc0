"""Undo of stage: stop the new version. Nothing to stop is fine; the live one is never stopped."""

from target import Target, arguments, run, say


def main() -> int:
    given = arguments("service", "environment", "commit", "key", "request")
    target = Target(service=given.service, environment=given.environment)
    done = target.do("stop", commit=given.commit, key=f"{given.key}/undo", request=given.request)
    say(
        f"{done['colour']} stopped" if done["stopped"] else "The new version was not running: nothing to stop"
    )
    return 0


if __name__ == "__main__":
    run(main)
