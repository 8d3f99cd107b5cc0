"""A GitHub small enough to read, for tests of this skill. It is not GitHub.

One repository, `acme/checkout`, its tags, its deployments and one workflow, as the REST API describes them:
reading commits, comparisons, files and deployments; dispatching, listing, following and cancelling runs; the
redirect from a job's log to another server, which answers 400 to whoever brings a token along. A run appears
a moment after its dispatch, beside one that somebody else started at the same time. v1.0.0 is live, v1.1.0 is
good, v1.2.0 fails in its last job, v1.3.0 runs until it is cancelled, v1.4.0 has a workflow without a marker.
It knows nothing of permissions beyond one token, of rate limits, of pages after the first, of real delays.
"""

import base64
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Json = dict[str, Any]
APPEARS_SECONDS, RUNS_SECONDS = 0.15, 0.3
TAGS = ("v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0")
WORKFLOW = """\
name: deploy
run-name: deploy ${{ inputs.environment }} MARKER
on:
  workflow_dispatch:
    inputs:
      environment: {type: environment, required: true}
      marker: {type: string, required: true}
"""
FAILED_LOG = "".join(
    f"2026-01-01T00:00:{number:02}.0000000Z {line}\n"
    for number, line in enumerate([*(f"step {n}" for n in range(30)), "Error: the database is locked"])
)


def commit_of(tag: str) -> str:
    return (str(TAGS.index(tag) + 1) * 40)[:40]


class Refusal(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Repository:
    """What there is, and what happens to it as time goes by."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.tags = {tag: commit_of(tag) for tag in TAGS}
        self.runs: list[Json] = []
        self.deployments: list[Json] = []
        for environment in ("staging", "production"):
            self._deploy("v1.0.0", commit_of("v1.0.0"), environment, "success")

    def dispatch(self, ref: str, inputs: Json) -> None:
        tag = ref.removeprefix("refs/tags/")
        if tag not in self.tags:
            raise Refusal(422, f"No ref found for: {ref}")
        if unexpected := set(inputs) - {"environment", "marker"}:
            raise Refusal(422, f"Unexpected inputs provided: {sorted(unexpected)}")
        self._start(tag, "staging", "of-somebody-else.1")
        self._start(tag, inputs["environment"], inputs["marker"])

    def _start(self, tag: str, environment: str, marker: str) -> None:
        number = len(self.runs) + 1
        self.runs.append(
            {
                "id": 1000 + number,
                "run_number": number,
                "display_title": f"deploy {environment} {marker}",
                "event": "workflow_dispatch",
                "status": "queued",
                "conclusion": None,
                "head_sha": self.tags[tag],
                "html_url": f"https://github.test/acme/checkout/actions/runs/{1000 + number}",
                "tag": tag,
                "environment": environment,
                "began": time.monotonic(),
                "cancelled": False,
                "deployment": None,
            }
        )

    def look(self) -> None:
        """Let happen what has happened since the last look."""
        for run in self.runs:
            age = time.monotonic() - run["began"] - APPEARS_SECONDS
            if run["status"] == "completed" or age < 0:
                continue
            run["status"] = "in_progress" if age > RUNS_SECONDS / 3 else "queued"
            if run["status"] == "in_progress" and run["deployment"] is None:
                run["deployment"] = self._deploy(
                    run["tag"], run["head_sha"], run["environment"], "in_progress"
                )
            if run["cancelled"]:
                self._end(run, "cancelled", "inactive")
            elif age > RUNS_SECONDS and run["tag"] != "v1.3.0":
                failed = run["tag"] == "v1.2.0"
                self._end(run, "failure" if failed else "success", "failure" if failed else "success")

    def _end(self, run: Json, conclusion: str, state: str) -> None:
        run["status"], run["conclusion"] = "completed", conclusion
        if run["deployment"] is not None:
            run["deployment"]["state"] = state

    def _deploy(self, tag: str, commit: str, environment: str, state: str) -> Json:
        number = 500 + len(self.deployments)
        made = {"id": number, "ref": tag, "sha": commit, "environment": environment, "state": state}
        self.deployments.append(made)
        return made

    def listed(self) -> list[Json]:
        now = time.monotonic()
        return [run for run in reversed(self.runs) if now - run["began"] > APPEARS_SECONDS]

    def run(self, number: str) -> Json:
        found = next((run for run in self.listed() if str(run["id"]) == number), None)
        if found is None:
            raise Refusal(404, "Not Found")
        return found


class Api(BaseHTTPRequestHandler):
    """`repository`, `token` and `logs` are set by `serve`."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    repository: Repository
    token: str
    logs: str

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def do_PATCH(self) -> None:
        self._answer(self._patch)

    def _answer(self, method: Any) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        try:
            if self.headers.get("Authorization") != f"Bearer {self.token}":
                raise Refusal(401, "Bad credentials")
            if parts[:3] != ["repos", "acme", "checkout"]:
                raise Refusal(404, "Not Found")
            with self.repository.lock:
                self.repository.look()
                code, content = method(parts[3:], query, json.loads(body or b"{}"))
            self._send(code, content)
        except Refusal as refusal:
            self._send(refusal.code, {"message": str(refusal)})

    def _get(self, parts: list[str], query: dict[str, str], body: Json) -> tuple[int, Any]:
        repository = self.repository
        match parts:
            case ["commits", "tags", tag]:
                if tag not in repository.tags:
                    raise Refusal(422, f"No commit found for SHA: tags/{tag}")
                return 200, {"sha": repository.tags[tag]}
            case ["compare", both]:
                author = {"message": "Count the basket once\n\nAnd say so.", "author": {"name": "Ada"}}
                return 200, {"commits": [{"sha": both.split("...")[1], "commit": author}]}
            case ["contents", ".github", "workflows", "deploy.yml"]:
                marker = "" if query["ref"] == commit_of("v1.4.0") else "${{ inputs.marker }}"
                text = WORKFLOW.replace("MARKER", marker)
                return 200, {"content": base64.encodebytes(text.encode()).decode(), "encoding": "base64"}
            case ["deployments"]:
                mine = [
                    one
                    for one in reversed(repository.deployments)
                    if one["environment"] == query["environment"]
                ]
                return 200, mine[: int(query.get("per_page", "30"))]
            case ["deployments", number, "statuses"]:
                return 200, [
                    {"state": one["state"]} for one in repository.deployments if str(one["id"]) == number
                ]
            case ["actions", "workflows", "deploy.yml", "runs"]:
                return 200, {"workflow_runs": repository.listed()}
            case ["actions", "runs", number]:
                return 200, repository.run(number)
            case ["actions", "runs", number, "jobs"]:
                conclusion = repository.run(number)["conclusion"]
                jobs = [{"id": 1, "name": "build", "conclusion": "success"}]
                return 200, {"jobs": [*jobs, {"id": 2, "name": "deploy", "conclusion": conclusion}]}
            case ["actions", "jobs", _, "logs"]:
                return 302, self.logs
        raise Refusal(404, "Not Found")

    def _post(self, parts: list[str], query: dict[str, str], body: Json) -> tuple[int, Any]:
        match parts:
            case ["actions", "workflows", "deploy.yml", "dispatches"]:
                self.repository.dispatch(body["ref"], body["inputs"])
                return 204, None
            case ["actions", "runs", number, "cancel"]:
                run = self.repository.run(number)
                if run["status"] == "completed":
                    raise Refusal(409, "Cannot cancel a workflow run that is completed.")
                run["cancelled"] = True
                return 202, {}
        raise Refusal(404, "Not Found")

    def _patch(self, parts: list[str], query: dict[str, str], body: Json) -> tuple[int, Any]:
        match parts:
            case ["git", "refs", "tags", tag]:
                self.repository.tags[tag] = body["sha"]
                return 200, {"ref": f"refs/tags/{tag}"}
        raise Refusal(404, "Not Found")

    def _send(self, code: int, content: Any) -> None:
        data = b"" if content is None or code == 302 else json.dumps(content).encode()
        self.send_response(code)
        if code == 302:
            self.send_header("Location", content)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: object) -> None:
        pass


class Logs(BaseHTTPRequestHandler):
    """Where the logs are: somebody else's server, which a token must not reach."""

    def do_GET(self) -> None:
        told = "Authorization" in self.headers or not re.fullmatch(r"/log\?sig=[a-z]+", self.path)
        data = b"a token came along" if told else FAILED_LOG.encode()
        self.send_response(400 if told else 200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: object) -> None:
        pass


def serve(repository: Repository, token: str) -> tuple[str, str]:
    """The addresses of the API and of the logs; both in daemon threads."""
    addresses = []
    for kind, about in ((Logs, {}), (Api, {"repository": repository, "token": token})):
        logs = {"logs": f"{addresses[0]}/log?sig=abc"} if addresses else {}
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (kind,), about | logs))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        addresses.append(f"http://127.0.0.1:{server.server_address[1]}")
    return addresses[1], addresses[0]
