"""Set the image by server-side apply, if what runs is still what was planned for."""

from cluster import CHANGE, MANAGER, Deployment, kubectl, short
from script import Stopped, arguments, result, run, say

TRIES = 5  # a deployment's status may be written between our reading and our writing


def main() -> int:
    given = arguments("deployment", "environment", "image", "revision", "key")
    for _ in range(TRIES):
        live = Deployment(given.environment, given.deployment)
        if live.change == given.key:
            say("It was applied already, by this very step")
            return result({"number": live.number})
        if live.revision != given.revision:
            raise Stopped(
                f"The target moved: {short(live.image())} is live at revision {live.revision}, not the "
                f"revision {given.revision} this was planned for. Plan again."
            )
        # With the resource version the server refuses what we have not seen: looking and writing are one.
        manifest = live.with_image(
            given.image,
            resourceVersion=live.metadata["resourceVersion"],
            annotations={CHANGE: given.key},
        )
        ran = kubectl(
            given.environment,
            "apply",
            "--server-side",
            "--force-conflicts",
            "--validate=false",
            f"--field-manager={MANAGER}",
            "--filename=-",
            said=manifest,
        )
        if ran.code == 0:
            say(f"{live.name}: {short(live.image())} → {short(given.image)}")
            return result({"image": given.image})
    raise Stopped(f"kubectl apply: {ran.last_words()}")


if __name__ == "__main__":
    run(main)
