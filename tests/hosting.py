"""A real demo host for a test, and the way a skill's declared commands are run against it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from bot.ask import lint
from bot.ask.fill import fill
from bot.ask.manifest import Manifest
from bot.ask.manifest.permissions import Permissions
from bot.connectors.secrets import write
from bot.terms import Environment, RequestId

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "skills"


class HostProcess:
    """The supervisor as a process, as `assent dev` starts it."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self._errors = (home / "stderr.txt").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "bot.playground.host", "--home", str(home), *options],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.address: dict[str, Any] = json.loads(line) if line else {}

    @property
    def url(self) -> str:
        return str(self.address["url"])

    def errors(self) -> str:
        return (self.home / "stderr.txt").read_text(encoding="utf-8")

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        return call(self.url + path, method, body, **headers)

    def target(self, environment: str, service: str = "checkout") -> Any:
        return self.ask("GET", f"/targets/{environment}/{service}")[1]

    def do(self, environment: str, verb: str, *, service: str = "checkout", **body: Any) -> tuple[int, Any]:
        return self.ask("POST", f"/targets/{environment}/{service}/{verb}", body)

    def commit(self, version: str, service: str = "checkout") -> str:
        versions = self.ask("GET", f"/services/{service}")[1]["versions"]
        return str(next(one["commit"] for one in versions if one["version"] == version))

    def put_live(self, environment: str, version: str, *, key: str, service: str = "checkout") -> Any:
        """Arrange a test: what somebody else's deployment would have left."""
        commit = self.commit(version, service)
        if (state := self.target(environment, service))["live"]["commit"] != commit:
            self.do(environment, "start", service=service, commit=commit, key=f"{key}/start")
            moved = {"expected_revision": state["revision"], "key": f"{key}/switch"}
            status, answer = self.do(environment, "switch", service=service, commit=commit, **moved)
            assert status == 200, answer
        return self.target(environment, service)

    def pids(self) -> list[int]:
        slots = [
            slot for one in self.ask("GET", "/targets")[1]["targets"] for slot in one["colours"].values()
        ]
        return [one["pid"] for slot in slots if slot for one in slot["replicas"]]

    def kill(self) -> None:
        self.process.kill()
        self._close()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self._close()

    def _close(self) -> None:
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self._errors):
            if pipe is not None:
                pipe.close()


@contextlib.contextmanager
def hosting(home: Path, *options: str) -> Iterator[HostProcess]:
    host = HostProcess(home, *options)
    try:
        yield host
    finally:
        host.end()


def call(url: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[int, Any]:
    """Status and content; JSON is read."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    named = {
        "Content-Type": "application/json",
        **{n.replace("_", "-"): value for n, value in headers.items()},
    }
    request = urllib.request.Request(url, method=method, data=data, headers=named)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, _content(answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, _content(refused.read())


def _content(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A killed orphan may stay in the table until init reaps it; it does not run any more.
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    return True


def soon(true: Callable[[], bool]) -> bool:
    """Waits for what happens by itself in a moment; patient enough for a busy machine."""
    for _ in range(600):
        if true():
            return True
        time.sleep(0.05)
    return False


@dataclass(frozen=True)
class Ran:
    code: int
    lines: list[str]
    errors: str

    @property
    def result(self) -> dict[str, Any]:
        """The last line, when it is an object."""
        return dict(json.loads(self.lines[-1]))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class SkillRun:
    """One invocation: every command is what `skill.yaml` says, filled by the bot's own code.

    `url` is the demo host's; a skill with another target gets its `variables`.
    """

    def __init__(
        self,
        name: str,
        *,
        request: str,
        environment: str,
        url: str | None = None,
        variables: Mapping[str, str] | None = None,
        **inputs: str,
    ) -> None:
        self.folder = skill_folder(name)
        self.manifest = read_manifest(name)
        self.url = url
        self.variables = dict(variables or {})
        self.request = request
        self.environment = Environment(environment)
        self.inputs = inputs
        self.planned: SimpleNamespace | None = None

    def plan(self) -> Ran:
        ran = self._run(self.manifest.plan[0].run, self.manifest.plan[0].id)
        if ran.code == 0:
            revision = ran.result["target"]["revision"]
            self.planned = SimpleNamespace(
                resolved=ran.result["resolved"], target=SimpleNamespace(revision=revision)
            )
        return ran

    def step(self, name: str, part: str = "run") -> Ran:
        step = next(step for step in self.manifest.steps if step.id == name)
        return self._run(getattr(step, part), name, key=f"{self.request}/{name}")

    def steps(self) -> list[Ran]:
        return [self.step(step.id) for step in self.manifest.steps]

    def undo(self) -> list[Ran]:
        """Every declared undo, in reverse, whatever was reached."""
        return [self.step(step.id, "undo") for step in reversed(self.manifest.steps) if step.undo]

    def measure(self) -> Ran:
        return self._run(self.manifest.done_when.measure.run, "measure")

    def _run(self, argv: tuple[str, ...], step: str, key: str | None = None) -> Ran:
        filled = [
            fill(
                item,
                inputs=self.inputs,
                environment=self.environment,
                request=RequestId(self.request),
                plan=self.planned,
                idempotency_key=key,
            )
            for item in argv
        ]
        permitted = self.manifest.permissions
        return run_script(
            *filled,
            folder=self.folder,
            url=self.url,
            variables={name: value for name, value in self.variables.items() if name in permitted.env},
            secrets=handed(permitted, step, self.variables),
        )


def handed(permitted: Permissions, step: str, variables: Mapping[str, str]) -> dict[str, str]:
    """The secrets that a step gets, out of variables of the worker."""
    found = {}
    for name, secret in permitted.secrets.items():
        assert isinstance(secret.source, str)
        kind, _, variable = secret.source.partition(":")
        assert kind == "env", secret.source
        if step in secret.steps and variable in variables:
            found[name] = variables[variable]
    return found


@contextlib.contextmanager
def handing(secrets: Mapping[str, str], home: Path) -> Iterator[dict[str, str]]:
    """As a worker does it: a file each for as long as the step runs, and the variable that says where."""
    if not secrets:
        yield {}
        return
    write(home / "secrets", secrets)
    yield {"ASSENT_SECRETS": str(home / "secrets")}
    shutil.rmtree(home / "secrets")


def run_script(
    *argv: str,
    folder: Path,
    url: str | None = None,
    variables: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Ran:
    """As the sandbox does it: closed stdin, an environment with nothing but what is declared."""
    program = [sys.executable, "-W", "error"] if argv[0] == "python3" else [argv[0]]
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= variables or {}
    if url is not None:
        environment["ASSENT_TARGET"] = url
    with (
        tempfile.TemporaryDirectory(prefix="assent-home-") as home,
        handing(secrets or {}, Path(home)) as where,
    ):
        done = subprocess.run(
            [*program, *argv[1:]],
            cwd=folder,
            env={**environment, **where, "HOME": home, "TMPDIR": home},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
    return Ran(code=done.returncode, lines=done.stdout.splitlines(), errors=done.stderr)


def skill_folder(name: str) -> Path:
    """A skill that ships armed, or one of the examples for a platform that the demo does not have."""
    return next(path for path in (ROOT / "skills" / name, EXAMPLES / name) if path.is_dir())


def read_manifest(name: str) -> Manifest:
    folder = skill_folder(name)
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    document = yaml.safe_load((folder / "skill.yaml").read_text(encoding="utf-8"))
    front = (folder / "SKILL.md").read_text(encoding="utf-8").split("---\n")[1]
    return lint.read(document, folder=name, runbook_name=yaml.safe_load(front)["name"], files=files)
