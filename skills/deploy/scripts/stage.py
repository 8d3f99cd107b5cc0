"""Start the version on the idle colour. The same key again starts nothing new."""

from target import Target, arguments, result, run, say


def main() -> int:
    given = arguments("service", "environment", "commit", "key", "request")
    target = Target(service=given.service, environment=given.environment)
    live = target.state()["live"]
    say(f"Starting commit {given.commit[:7]} beside {live['version']}, which stays live on {live['colour']}")
    started = target.do("start", commit=given.commit, key=given.key, request=given.request)
    say(f"{started['colour']} runs {started['version']} (pid {started['pid']}, port {started['port']})")
    return result({"colour": started["colour"], "version": started["version"], "pid": started["pid"]})


if __name__ == "__main__":
    run(main)
