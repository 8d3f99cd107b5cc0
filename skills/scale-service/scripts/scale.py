"""Have so many processes, if there still are as many as the plan saw. The same key again changes nothing."""

from target import Target, arguments, result, run, say


def main() -> int:
    given = arguments("service", "environment", "replicas", "expected", "key", "request")
    target = Target(service=given.service, environment=given.environment)
    done = target.do(
        "scale",
        replicas=int(given.replicas),
        expected_replicas=int(given.expected),
        key=given.key,
        request=given.request,
    )
    again = " (it was already: the same key)" if done["repeated"] else ""
    say(f"{given.service}: {given.expected} → {given.replicas}{again}")
    return result({"replicas": done["change"]["replicas"]})


if __name__ == "__main__":
    run(main)
