"""Have the host replace every process of what is live, if that still is what was planned for."""

from target import Target, arguments, result, run, say


def main() -> int:
    given = arguments("service", "environment", "revision", "key", "request")
    target = Target(service=given.service, environment=given.environment)
    done = target.do("restart", expected_revision=given.revision, key=given.key, request=given.request)
    change = done["change"]
    again = " (it was already: the same key)" if done["repeated"] else ""
    say(f"{change['after']['version']} on {change['after']['colour']} was restarted{again}")
    return result({"restarted": change["at"]})


if __name__ == "__main__":
    run(main)
