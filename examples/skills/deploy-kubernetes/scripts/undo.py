"""Undo of apply: `rollout undo` to the recorded revision, and wait until it is back.

Only what this request applied is taken back; a later change by somebody else is left alone, and we say so.
"""

from cluster import Deployment, short, told
from script import arguments, run, say

WAIT = "5m"


def main() -> int:
    given = arguments("deployment", "environment", "image", "previous-image", "previous-number", "key")
    live = Deployment(given.environment, given.deployment)
    target = f"deployment/{given.deployment}"
    if live.change != given.key:
        if live.image() != given.previous_image:
            say(f"This request applied nothing that is live: {short(live.image())} stays")
            return 0
        say(f"{short(live.image())} is live already")
    elif live.image() != given.image:
        say(f"{short(live.image())} is live by a later change. It stays; look at it before you go back.")
        return 1
    elif live.image() != given.previous_image:
        said = told(
            given.environment,
            "rollout",
            "undo",
            target,
            f"--namespace={live.namespace}",
            f"--to-revision={given.previous_number}",
        )
        say(said.strip())
    wait = ("rollout", "status", target, f"--namespace={live.namespace}", f"--timeout={WAIT}")
    say(told(given.environment, *wait).splitlines()[-1])
    back = Deployment(given.environment, given.deployment).image()
    say(f"{short(back)} is live")
    return 0 if back == given.previous_image else 1


if __name__ == "__main__":
    run(main)
