"""Ask Prometheus for a measure over a window, and never take missing data for a good one.

A bad moment in the window decides, also when others are missing. Without one, a window with a hole was not
measured. Both come out of two observations that a manifest holds its checks against: `NAME` is the worst
value seen (absent when there was none), `measured` is 1 when every moment had a value (absent otherwise).

Not a value: NaN (nothing was counted), infinity, an answer with a warning (a partial one), more series than
one, and whatever is older than `stale`: Prometheus repeats an old sample for five minutes.
"""

import argparse
import json
import math
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from script import Silent, Stopped, result, run, say

PATIENCE_SECONDS = 20.0
_PLACE = re.compile(r"\$([a-z][a-z0-9_]*)")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SECONDS = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Window:
    """`moments` times from `start` to `end`, both counted, in seconds since 1970."""

    start: float
    end: float
    step: float

    def moments(self) -> int:
        return int((self.end - self.start) / self.step + 1e-6) + 1


@dataclass(frozen=True)
class Seen:
    """What there was to see: the values in their order, and how many moments had none."""

    values: tuple[float, ...]
    missing: int

    def complete(self) -> bool:
        return bool(self.values) and not self.missing

    def highest(self) -> float | None:
        return max(self.values, default=None)

    def lowest(self) -> float | None:
        return min(self.values, default=None)


def quoted(value: str) -> str:
    """A label's value as a PromQL string: nothing in it can end the string or begin another matcher."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Stopped(f"{value!r} is no text, so it cannot be a label's value.") from None
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else c for c in escaped) + '"'


def query(template: str, labels: dict[str, str]) -> str:
    """`x{service=$service}` with each `$name` as a quoted string; a name that is not given is refused."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in labels:
            raise Stopped(f"The query names ${match[1]}, and no label {match[1]} is given.")
        return quoted(labels[match[1]])

    return _PLACE.sub(value, template)


class Prometheus:
    def __init__(self, address: str | None) -> None:
        if not (address or "").startswith(("http://", "https://")):
            raise Stopped("Prometheus is not set: it needs an address such as http://127.0.0.1:9090.")
        self._address = str(address).rstrip("/")

    def over(self, window: Window, expression: str, *, alive: str | None = None, stale: float = 60.0) -> Seen:
        """The expression's one value at each moment.

        `alive` selects `up` of the targets the data comes from: a moment counts only when each of them was
        scraped within `stale` seconds before it, and answered.
        """
        values = self._series(window, expression)
        if alive is not None:
            answered = self._series(window, f"min({alive})")
            age = self._series(window, f"time() - min(timestamp({alive}))")
            values = {
                moment: value
                for moment, value in values.items()
                if answered.get(moment) == 1 and age.get(moment, math.inf) <= stale
            }
        ordered = tuple(values[moment] for moment in sorted(values))
        return Seen(ordered, max(0, window.moments() - len(ordered)))

    def _series(self, window: Window, expression: str) -> dict[int, float]:
        """By the number of the moment; only values that are numbers."""
        said = self._ask(
            "query_range",
            query=expression,
            start=f"{window.start:.3f}",
            end=f"{window.end:.3f}",
            step=f"{window.step:.3f}",
        )
        if said["resultType"] != "matrix":
            raise Stopped(f"{expression} is no vector or number but a {said['resultType']}.")
        if len(said["result"]) > 1:
            raise Stopped(
                f"{expression} has {len(said['result'])} series. Aggregate them into one, as by sum."
            )
        points = said["result"][0]["values"] if said["result"] else []
        read = {round((float(at) - window.start) / window.step): float(value) for at, value in points}
        return {moment: value for moment, value in read.items() if math.isfinite(value)}

    def _ask(self, path: str, **form: str) -> Any:
        request = urllib.request.Request(
            f"{self._address}/api/v1/{path}", data=urllib.parse.urlencode(form).encode()
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                said = json.load(answer)
        except urllib.error.HTTPError as declined:
            with declined:
                raise Stopped(f"Prometheus declined: {_reason(declined)}") from None
        except (OSError, ValueError) as broken:
            raise Silent(f"Prometheus at {self._address} does not answer: {broken}.") from None
        if said.get("status") != "success":
            raise Stopped(f"Prometheus declined: {said.get('error', 'it does not say why')}")
        if said.get("warnings"):
            raise Silent(f"Prometheus has only part of an answer: {said['warnings'][0]}")
        return said["data"]


def _reason(declined: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(declined)["error"])
    except (ValueError, KeyError, TypeError):
        return f"status {declined.code}"


def observed(name: str, seen: Seen, *, worst: str = "highest") -> dict[str, float]:
    """The two observations of this module; what could not be seen is left out."""
    value = seen.highest() if worst == "highest" else seen.lowest()
    answer = {} if value is None else {name: value}
    return answer | ({"measured": 1.0} if seen.complete() else {})


def seconds(text: str) -> float:
    if not (found := _SECONDS.fullmatch(text)):
        raise argparse.ArgumentTypeError(f"{text} is no duration such as 30s or 5m")
    return float(found[1]) * _UNITS[found[2]]


def pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not _NAME.fullmatch(name):
        raise argparse.ArgumentTypeError(f"{text} is not name=value")
    return name, value


def main() -> int:
    """As a measurement of its own: the query stands in the manifest, where a reviewer reads it."""
    import os

    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--observe", required=True, type=pair, help="name=query, with $label for values")
    parser.add_argument("--label", action="append", default=[], type=pair, help="name=value for $name")
    parser.add_argument("--window", required=True, type=seconds, help="how long to watch from now on")
    parser.add_argument("--step", required=True, type=seconds, help="how far the moments are apart")
    parser.add_argument("--alive", help="selector of up{} of the targets that the data comes from")
    parser.add_argument("--stale", type=seconds, default=60.0, help="how old a scrape may be")
    parser.add_argument("--worst", choices=["highest", "lowest"], default="highest")
    given = parser.parse_args()
    (name, template), labels = given.observe, dict(given.label)
    prometheus = Prometheus(os.environ.get("PROMETHEUS_URL"))
    began = time.time()
    say(f"Watching {name} for {given.window:g} s")
    time.sleep(given.window)
    seen = prometheus.over(
        Window(began + given.step, began + given.window, given.step),
        query(template, labels),
        alive=query(given.alive, labels) if given.alive else None,
        stale=given.stale,
    )
    say(f"{len(seen.values)} moments had a value, {seen.missing} had none")
    return result(observed(name, seen, worst=given.worst))


if __name__ == "__main__":
    run(main)
