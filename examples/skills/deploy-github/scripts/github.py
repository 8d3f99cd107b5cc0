"""GitHub's REST API, the part of it that deploys. The token is sent to GITHUB_API_URL and nowhere else."""

import base64
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from script import Silent, Stopped

PATIENCE_SECONDS = 20.0
APPEARS_SECONDS = 60.0
"""A run that was dispatched is listed after some seconds; GitHub promises no number."""
LOG_LINES = 15
_MANY = 100


class Missing(Stopped):
    """GitHub has no such thing, or the token may not see it."""


class Repository:
    """One repository and one of its workflows."""

    def __init__(self, name: str, workflow: str = "") -> None:
        self.name, self.workflow = name, workflow
        owner, _, repository = name.partition("/")
        self._api = os.environ.get("GITHUB_API_URL") or "https://api.github.com"
        self._token = _token()
        self._path = f"/repos/{quote(owner, safe='')}/{quote(repository, safe='')}"
        self.pause_s = float(os.environ.get("GITHUB_POLL_SECONDS") or 5)

    def commit(self, ref: str) -> str:
        """The commit that a tag means now."""
        return str(self._get(f"/commits/{quote(f'tags/{ref}')}")["sha"])

    def between(self, old: str, new: str) -> list[Any]:
        return list(self._get(f"/compare/{quote(old, safe='')}...{quote(new, safe='')}")["commits"])

    def file(self, path: str, ref: str) -> str:
        said = self._get(f"/contents/{quote(path)}", ref=ref)
        return base64.b64decode(said["content"]).decode()

    def live(self, environment: str) -> Any | None:
        """The newest deployment to the environment that succeeded."""
        for one in self._get("/deployments", environment=environment, per_page=str(_MANY)):
            states = self._get(f"/deployments/{one['id']}/statuses", per_page="1")
            if states and states[0]["state"] == "success":
                return one
        return None

    def newest(self, environment: str) -> str:
        """The id of the newest deployment to the environment, whatever became of it; `none` without any."""
        found = self._get("/deployments", environment=environment, per_page="1")
        return str(found[0]["id"]) if found else "none"

    def dispatch(self, ref: str, inputs: dict[str, str]) -> None:
        path = f"/actions/workflows/{quote(self.workflow, safe='')}/dispatches"
        self._ask("POST", path, {"ref": f"refs/tags/{ref}", "inputs": inputs})

    def run_of(self, marker: str) -> Any | None:
        """The run whose name carries the marker; a run of about the same time is nobody's proof."""
        path = f"/actions/workflows/{quote(self.workflow, safe='')}/runs"
        runs = self._get(path, event="workflow_dispatch", per_page=str(_MANY))["workflow_runs"]
        return next((run for run in runs if marker in str(run["display_title"]).split()), None)

    def appeared(self, marker: str) -> Any | None:
        """Like `run_of`, with the patience that a new run needs."""
        until = time.monotonic() + min(APPEARS_SECONDS, 12 * self.pause_s)
        while (run := self.run_of(marker)) is None and time.monotonic() < until:
            time.sleep(self.pause_s)
        return run

    def run(self, number: int) -> Any:
        return self._get(f"/actions/runs/{number}")

    def jobs(self, number: int) -> list[Any]:
        return list(self._get(f"/actions/runs/{number}/jobs", per_page=str(_MANY))["jobs"])

    def cancel(self, number: int) -> None:
        """Ask GitHub to end the run; one that has ended is fine."""
        try:
            self._ask("POST", f"/actions/runs/{number}/cancel")
        except Stopped:
            if self.run(number)["status"] != "completed":
                raise

    def last_lines(self, job: int) -> list[str]:
        """The end of a job's log. GitHub sends one elsewhere for it, where the token must not go."""
        try:
            address = self._redirected(f"/actions/jobs/{job}/logs")
            with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as answer:
                text = answer.read().decode(errors="replace")
        except (Stopped, OSError) as silent:
            return [f"(its log cannot be read: {silent})"]
        return [line.partition("Z ")[2] or line for line in text.splitlines()[-LOG_LINES:]]

    def until_it_ends(self, number: int) -> Iterator[Any]:
        """The run as it is, each time something about it is new; the last one is completed."""
        shown = ""
        while True:
            run = self.run(number)
            if run["status"] != shown:
                shown = run["status"]
                yield run
            if shown == "completed":
                return
            time.sleep(self.pause_s)

    def _get(self, path: str, **query: str) -> Any:
        return self._ask("GET", path + (f"?{urlencode(query)}" if query else ""))

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        with self._open(method, path, body) as answer:
            content = answer.read()
        try:
            return json.loads(content) if content else None
        except ValueError:
            raise Silent(f"GitHub answered {path} with something that is not JSON.") from None

    def _redirected(self, path: str) -> str:
        with self._open("GET", path, None) as answer:
            address = answer.headers.get("Location", "")
        if urlsplit(address).scheme not in ("http", "https"):
            raise Silent(f"GitHub says nothing about where {path} is.")
        return str(address)

    def _open(self, method: str, path: str, body: Any) -> Any:
        request = urllib.request.Request(
            f"{self._api.rstrip('/')}{self._path}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            return _OPENER.open(request, timeout=PATIENCE_SECONDS)
        except urllib.error.HTTPError as refused:
            with refused:
                raise _reason(refused, path) from None
        except OSError as broken:
            raise Silent(f"GitHub at {self._api} does not answer: {broken}.") from None


def _token() -> str:
    """The secret `github` of this step, from the file it is handed as."""
    try:
        return (Path(os.environ["ASSENT_SECRETS"]) / "github").read_text(encoding="utf-8")
    except (KeyError, OSError):
        raise Stopped(
            "No token was handed over: permissions.secrets.github says where it is. It may read contents "
            "and deployments, and write actions."
        ) from None


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nothing: who is sent elsewhere would take the token along."""

    def http_error_302(self, request: Any, answer: Any, code: int, words: str, headers: Any) -> Any:
        return answer

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


_OPENER = urllib.request.build_opener(_Stay)


def _reason(refused: urllib.error.HTTPError, path: str) -> Stopped:
    try:
        words = str(json.load(refused)["message"])
    except (ValueError, KeyError, TypeError):
        words = f"status {refused.code}"
    if refused.code == 404:
        return Missing(f"GitHub has no {path}, or the token may not see it: {words}.")
    if refused.code >= 500 or refused.code == 429:
        return Silent(f"GitHub cannot answer now: {words}.")
    return Stopped(f"GitHub declined {path}: {words}.")
