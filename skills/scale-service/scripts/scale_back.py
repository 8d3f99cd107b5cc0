"""Undo of scale: as many as the plan saw, unless somebody has changed it since."""

from target import Target, arguments, run, say


def main() -> int:
    given = arguments("service", "environment", "replicas", "previous", "key", "request")
    target = Target(service=given.service, environment=given.environment)
    if not target.history(key=given.key):
        say("This request scaled nothing: nothing to undo")
        return 0
    if target.history(key=f"{given.key}/undo"):
        say("It was taken back already")
        return 0
    now = target.state()["replicas"]
    if now != int(given.replicas):
        say(f"There are {now} by a later change. They stay; look at it before you go back.")
        return 1
    target.do(
        "scale",
        replicas=int(given.previous),
        expected_replicas=now,
        key=f"{given.key}/undo",
        request=given.request,
    )
    say(f"{given.service}: {now} → {given.previous}")
    return 0


if __name__ == "__main__":
    run(main)
