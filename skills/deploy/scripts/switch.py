"""Send traffic to the new version, if the target is still at the revision that was planned and approved."""

from target import Target, arguments, result, run, say


def main() -> int:
    given = arguments("service", "environment", "commit", "revision", "key", "request")
    target = Target(service=given.service, environment=given.environment)
    done = target.do(
        "switch",
        commit=given.commit,
        expected_revision=given.revision,
        key=given.key,
        request=given.request,
    )
    before, after = done["change"]["before"], done["change"]["after"]
    again = " (it already was: the same key)" if done["repeated"] else ""
    say(f"Traffic goes to {after['colour']}, {before['version']} → {after['version']}{again}")
    return result({"colour": after["colour"], "revision": done["change"]["revision"]})


if __name__ == "__main__":
    run(main)
