"""Send real requests for a moment and show how they fare. The definition of done judges, not this."""

import time

import traffic
from target import Target, arguments, ask, result, run, say

ROUNDS = 4
PER_ROUND = 40
ROUND_SECONDS = 0.35
HOPELESS = 0.2  # share of errors at which watching longer only hurts customers


def main() -> int:
    given = arguments("service", "environment")
    target = Target(service=given.service, environment=given.environment)
    url = target.address(target.state())
    samples = ask("GET", f"/services/{given.service}")["sample_requests"]
    total = errors = 0
    for number in range(ROUNDS):
        began = time.perf_counter()
        tally = traffic.send(url, samples, count=PER_ROUND, first=total)
        total, errors = total + tally.requests, errors + tally.errors
        say(f"{total} requests, {errors} errors, 95 of 100 within {tally.percentile_ms(0.95)} ms")
        if errors / total >= HOPELESS:
            say(f"{errors} of {total} failed: watching longer helps nobody, measuring now")
            break
        if number < ROUNDS - 1:
            time.sleep(max(0.0, ROUND_SECONDS - (time.perf_counter() - began)))
    return result({"requests": total, "errors": errors})


if __name__ == "__main__":
    run(main)
