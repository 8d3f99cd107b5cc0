"""Commands are run as people run them: arguments in, text and an exit code out."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from judged import put

from bot.artifacts import Artifacts, lock
from bot.cli import main

SHIPPED = Path(__file__).parents[2] / "skills"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything, as one line: where a table breaks its lines is not a promise."""
        return " ".join((self.out + self.err).split())


Assent = Callable[..., Ran]


@pytest.fixture
def assent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Assent:
    """Run `assent …` in an empty folder, with only the environment that is given."""
    monkeypatch.chdir(tmp_path)

    def run(*args: str, env: Mapping[str, str] | None = None) -> Ran:
        with monkeypatch.context() as patch:
            for name in list(os.environ):
                if name.startswith(("ASSENT_", "SLACK_", "REDIS_URL", "PORT", "HOST")):
                    patch.delenv(name)
            patch.setenv("COLUMNS", "200")
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main(args)
        said = capsys.readouterr()
        return Ran(int(ended.value.code or 0), said.out, said.err)

    return run


SIMPLE = """
policy: simple
version: 1
owner: "@platform"
purpose: Reading is free, changing needs one person.
applies_to: ["*"]
gates:
  - id: read
    why: nothing changes
    when: request.mode == "read_only"
    allow: true
  - id: change
    why: somebody else should look
    when: request.mode == "mutate"
    require: {all_of: [{group: release}]}
budgets:
  - {scope: team, period: month, limit_usd: "50"}
tests:
  base: {request.skill: deploy, request.environment: staging, actor.principal: alice}
  rows:
    - [reading, {request.mode: read_only}, allow, [read], 0]
    - [a change, {request.mode: mutate}, require, [change], 1]
"""


@pytest.fixture
def artifacts(tmp_path: Path) -> dict[str, str]:
    """Two of the shipped skills, reviewed, and one small policy, as the environment that points at them."""
    skills, policies = tmp_path / "its-skills", tmp_path / "its-policies"
    for name in ("deploy", "service-status"):
        shutil.copytree(SHIPPED / name, skills / name, ignore=shutil.ignore_patterns("__pycache__"))
    policies.mkdir()
    (policies / "simple.yaml").write_text(SIMPLE)
    (policies / "people.yaml").write_text(
        "people: {alice: {email: a@acme.test}, bob: {email: b@acme.test}}\ngroups: {release: [alice, bob]}\n"
    )
    found = Artifacts(skills, policies)
    (skills / "skills.lock").write_text(lock(found.skills().values()))
    return {"ASSENT_SKILLS": str(skills), "ASSENT_POLICIES": str(policies)}


@pytest.fixture
def asked(artifacts: dict[str, str], redis_url: str) -> str:
    """A request that waits for one of the group release, the only one in the store; gives its id."""
    return asyncio.run(put(redis_url, artifacts))
