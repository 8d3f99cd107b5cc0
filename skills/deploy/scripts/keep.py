"""Undo of retire: the old version is needed again, so it is not stopped."""

from target import Target, arguments, run, say


def main() -> int:
    given = arguments("service", "environment", "key", "request")
    target = Target(service=given.service, environment=given.environment)
    done = target.do("keep", key=f"{given.key}/undo", request=given.request)
    say("The old version stays" if done["kept"] else "No retirement was planned: nothing to undo")
    return 0


if __name__ == "__main__":
    run(main)
