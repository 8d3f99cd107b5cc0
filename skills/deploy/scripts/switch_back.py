"""Undo of switch: traffic back to the recorded version.

Only what this request switched is taken back. When it never switched, or is back already, there is nothing to
do; when somebody else has put another version live after it, that stays and we say so.
"""

from target import Declined, Target, arguments, run, say

TRIES = 3  # the target may move between looking and switching


def main() -> int:
    given = arguments("service", "environment", "commit", "previous-commit", "key", "request")
    target = Target(service=given.service, environment=given.environment)
    for attempt in range(1, TRIES + 1):
        ours = [
            change
            for change in target.history(request=given.request)
            if change["kind"] == "switched" and change["after"]["commit"] == given.commit
        ]
        state = target.state()
        live = state["live"]
        if not ours:
            say(f"This request switched nothing: {live['version']} is live, nothing to undo")
            return 0
        if live["commit"] == given.previous_commit:
            say(f"{live['version']} is live already")
            return 0
        if state["revision"] != ours[0]["revision"]:
            say(f"{live['version']} is live by a later change. It stays; look at it before you go back.")
            return 1
        back = target.do(
            "start", commit=given.previous_commit, key=f"{given.key}/undo/start", request=given.request
        )
        try:
            target.do(
                "switch",
                commit=given.previous_commit,
                expected_revision=state["revision"],
                key=f"{given.key}/undo",
                request=given.request,
            )
        except Declined as declined:
            if declined.code != "target_moved" or attempt == TRIES:
                raise
            continue
        say(f"Traffic is back on {back['colour']}: {live['version']} → {back['version']}")
        return 0
    return 1


if __name__ == "__main__":
    run(main)
