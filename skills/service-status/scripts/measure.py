"""Was everything that was asked for measured? When not, nothing is said: no data is unknown, not zero."""

from observe import look_at
from plan import services
from target import arguments, result, run, say


def main() -> int:
    given = arguments("service", "environment")
    looks = [look_at(service, given.environment) for service in services(given.service)]
    for look in looks:
        if not look.measured():
            say(f"{look.service} does not answer: unknown")
    return result({"measured_ratio": 1.0} if all(look.measured() for look in looks) else {})


if __name__ == "__main__":
    run(main)
