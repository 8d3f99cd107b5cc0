"""The host that services run on, as scripts see it. Its address is in ASSENT_TARGET."""

import argparse
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

PATIENCE_SECONDS = 20.0


class Declined(Exception):
    """The host said no and did nothing. `answer` is all it said, `code` is for programs."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(answer.get("message", "The host declined."))
        self.code: str = answer.get("error", "")
        self.answer = answer


class Unreachable(Exception):
    """Nobody knows whether the host got it."""


def ask(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    address = os.environ.get("ASSENT_TARGET", "")
    if not address.startswith(("http://", "https://")):
        raise Unreachable(
            "ASSENT_TARGET is not set. It is the address of the host, such as http://127.0.0.1:4100."
        )
    request = urllib.request.Request(
        address.rstrip("/") + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            try:
                said = json.load(refused)
            except ValueError:
                said = None
        if isinstance(said, dict) and "error" in said and refused.code < 500:
            raise Declined(said) from None
        raise Unreachable(f"The host at {address} answered {refused.code}.") from None
    except (OSError, ValueError) as broken:
        raise Unreachable(f"The host at {address} does not answer: {broken}.") from None


class Target:
    """One service in one environment."""

    def __init__(self, *, service: str, environment: str) -> None:
        self.service = service
        self.environment = environment
        self._path = f"/targets/{environment}/{service}"

    def state(self) -> Any:
        return ask("GET", self._path)

    def address(self, state: Any) -> str:
        """Where customers ask: a path of the host's own address where it has one, else another port."""
        door = state.get("door")
        return os.environ["ASSENT_TARGET"].rstrip("/") + door if door else str(state["url"])

    def health(self, colour: str) -> Any:
        return ask("GET", f"{self._path}/health?colour={colour}")

    def history(self, **only: str) -> list[Any]:
        """Changes, newest first."""
        query = urllib.parse.urlencode(only)
        changes: list[Any] = ask("GET", f"{self._path}/history?{query}")["changes"]
        return changes

    def do(self, verb: str, **body: Any) -> Any:
        return ask("POST", f"{self._path}/{verb}", body)


def runs(state: Any, commit: str) -> str | None:
    """The colour that has a process of this commit now."""
    for colour, slot in state["colours"].items():
        if slot and slot["commit"] == commit and slot["running"]:
            return str(colour)
    return None


def say(line: str) -> None:
    """A line of progress, for people, at once."""
    print(line, flush=True)


def result(content: dict[str, Any]) -> int:
    print(json.dumps(content, ensure_ascii=False), flush=True)
    return 0


def arguments(*names: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in names:
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_args()


def run(script: Callable[[], int]) -> None:
    """Run a script; what stops it is one line that people can read, and exit 1."""
    try:
        sys.exit(script())
    except (Declined, Unreachable) as stopped:
        say(str(stopped))
        sys.exit(1)
