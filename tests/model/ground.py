"""What the processes of the model stand on: a skill, policies, people, and a world that steps change.

The skill's commands are not started: `World` does at once what they would do, and counts it. Everything else
is the bot's own: policies and skills are loaded by its loaders, requests are kept by its scripts.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.artifacts import Artifacts, lock
from bot.ask.catalog import Catalog
from bot.assess.policy import Policies
from bot.connectors.processes import GuardedProcesses
from bot.connectors.workshop import LocalWorkshop
from bot.execute.sandbox import Command, Finished, StopSignal
from bot.flow.workshop import Bench
from bot.terms import Digest
from tests.model.crashing import Life

SKILL = """
name: press
version: 1.0.0
owners: ["@platform"]
lifecycle: stable
summary: Press something twice.
examples: ["press word=hello to staging"]
inputs:
  type: object
  additionalProperties: false
  required: [word]
  properties:
    word: {type: string, pattern: '\\A[a-z]+\\z', description: What to press}
environments: [staging, production]
effects: {read_only: false, destructive: false, idempotent: false, open_world: false,
          risk: {staging: 20, production: 60}, blast_radius: one press, lock: "${inputs.word}"}
permissions: {exec: [python3], env: []}
cost:
  ceiling_usd: {staging: "0.10", production: "0.50"}
  lines: [{unit: compute_seconds, p50: 1, p95: 2}, {unit: tool_calls, p50: 3, p95: 3}]
plan:
  - {id: plan, run: [python3, step.py, plan], timeout: 20s}
steps:
  - {id: first, title: Press once, run: [python3, step.py, first, "${request.id}"], timeout: 20s,
     repeat: reconcilable, probe: [python3, step.py, probe, "${request.id}"],
     undo: [python3, step.py, undo, "${request.id}"]}
  - {id: second, title: Press again, run: [python3, step.py, second, "${request.id}", "${idempotency_key}"],
     timeout: 20s, repeat: idempotent, undo: [python3, step.py, undo, "${request.id}"]}
done_when:
  measure: {run: [python3, step.py, measure, "${request.id}"], timeout: 20s}
  no_data: fail
  checks: [{name: it was pressed twice, observed: presses, at_least: 2}]
on_fail: undo
limits: {wall: 1m, output_kb: 16}
"""

QUESTION = """
  - {id: sure, title: Ask whether to press again, timeout: 2h, repeat: pure,
     ask: {question: "Press ${inputs.word} again?", choices: [Again, Enough], stop_on: [Enough],
           who: [requester, owners]}}
  - {id: second,"""
ASKS = "ponder"
"""What is called so is asked of another skill, which asks between its two presses."""


def asks(skill: str) -> str:
    text = skill.replace("name: press\n", f"name: {ASKS}\n").replace("press word=", f"{ASKS} word=")
    return text.replace("\n  - {id: second,", QUESTION)


POLICY = """
policy: model
version: 1
owner: "@platform"
purpose: What the model is about.
applies_to: [press, ponder]
gates:
  - {id: try, why: Trying is free., when: request.environment != "production", allow: true}
  - id: gate
    why: The gate of the model.
    when: request.environment == "production"
    %s
budgets:
  - {scope: team, period: month, limit_usd: "100"}
expires_after: 4h
grant_expires_after: 30m
"""

EFFECTS = {
    "two": "require: {all_of: [{group: owners}, {group: release}]}",
    "three": "require: {all_of: [{group: owners}, {group: release}]}\n"
    "  - {id: later, why: Those who would be woken., when: request.environment == 'production',\n"
    "     require: {stage: safety, after: review, all_of: [{group: sre}]}}",
    "one": "require: {all_of: [{group: owners}]}",
    "choice": "require: {any_of: [{group: owners, count: 2}, {group: release}], exclude: []}",
    "stubborn": "require: {all_of: [{group: owners}, {group: sre}], deny: 2, veto: [release]}",
    "no": "deny: Nothing goes out now.",
    "free": "allow: true",
}
BROKEN = "broken"

PEOPLE = """
people:
  alice: {slack: [U0ALICE]}
  bob: {slack: [U0BOB]}
  carol: {slack: [U0CAROL]}
  dave: {slack: [U0DAVE]}
  erin: {slack: [U0ERIN]}
  gus: {slack: [U0GUS]}
groups:
  owners: [alice, bob, erin]
  release: [bob, carol]
  sre: [dave, erin]
"""
PRICES = """
version: "1"
currency: USD
units:
  compute_seconds: {usd: "0.0001"}
  tool_calls: {usd: "0.001"}
"""
MEMBERS: Mapping[str, frozenset[str]] = {
    "owners": frozenset({"alice", "bob", "erin"}),
    "release": frozenset({"bob", "carol"}),
    "sre": frozenset({"dave", "erin"}),
}


class Shelf:
    """Skills and policies as files have them, each variant loaded once; editing is taking another one.

    `names` says which variant a policy digest is.
    """

    def __init__(self, folder: Path) -> None:
        self._catalogs = [self._skills(folder / f"skills-{number}", number) for number in (1, 2)]
        self._policies = {
            name: self._armed(folder / f"policies-{name}", POLICY % effect)
            for name, effect in EFFECTS.items()
        }
        self._policies[BROKEN] = self._armed(folder / "policies-broken", "policy: [")
        self.names: dict[str, str] = {
            policies.digest_for(skill, "1.0.0"): name
            for name, policies in self._policies.items()
            for skill in ("press", ASKS)
            if name != BROKEN
        }
        self.reset()

    def reset(self) -> None:
        self.skill, self.policy = 0, "two"

    def skills(self) -> Catalog:
        return self._catalogs[self.skill]

    def policies(self) -> Policies:
        return self._policies[self.policy]

    def _skills(self, folder: Path, number: int) -> Catalog:
        for name, text in (("press", SKILL), (ASKS, asks(SKILL))):
            skill = folder / name
            skill.mkdir(parents=True)
            (skill / "skill.yaml").write_text(text)
            (skill / "step.py").write_text(f"# bytes of edition {number}\n")
            (skill / "SKILL.md").write_text(f"---\nname: {name}\ndescription: Press it.\n---\n\nPress it.\n")
        artifacts = Artifacts(folder, folder / "none")
        (folder / "skills.lock").write_text(lock(artifacts.skills().values()))
        return Artifacts(folder, folder / "none").skills()

    def _armed(self, folder: Path, policy: str) -> Policies:
        folder.mkdir()
        for name, text in {"model": policy, "people": PEOPLE, "prices": PRICES}.items():
            (folder / f"{name}.yaml").write_text(text)
        return Artifacts(folder / "none", folder).policies()


@dataclass
class World:
    """What steps have done to it, which no crash takes back."""

    revision: int = 1
    firsts: list[str] = field(default_factory=list)
    seconds: dict[str, set[str]] = field(default_factory=dict)
    undone: set[str] = field(default_factory=set)

    def does(self, what: str, request: str, key: str) -> tuple[int, dict[str, object] | None]:
        match what:
            case "plan":
                target = {"identity": "world", "revision": str(self.revision)}
                return 0, {"summary": "press twice", "changes": [], "target": target, "undo": "let go"}
            case "first":
                self.firsts.append(request)
            case "second":
                self.seconds.setdefault(request, set()).add(key)
            case "probe":
                return (0 if request in self.firsts else 1), None
            case "undo":
                self.undone.add(request)
            case "measure":
                return 0, {"presses": self.firsts.count(request) + len(self.seconds.get(request, ()))}
        return 0, None


class Hands(GuardedProcesses):
    """The commands of one process change the world at once, and start nothing."""

    def __init__(self, world: World, life: Life) -> None:
        super().__init__(trusted=True)
        self._world, self._life = world, life

    async def run(
        self,
        command: Command,
        *,
        on_line: Callable[[str], None],
        stop: StopSignal,
        until: Callable[[], float] | None = None,
    ) -> Finished:
        _, _, what, *rest = command.argv
        request, key = [*rest, "", ""][:2]
        if what != "plan":
            await self._life.before("effect")
        code, result = self._world.does(what, request, key)
        if what != "plan":
            self._life.after("effect")
        return Finished(
            exit_code=code,
            stdout=json.dumps(result or {}),
            stderr="",
            dropped=0,
            timed_out=False,
            stopped=False,
            wall_ms=1,
            result=result,
        )


class Bare(LocalWorkshop):
    """A workshop where nothing is copied, since nothing is started."""

    def __init__(self, world: World, life: Life) -> None:
        path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        super().__init__(sandbox=Hands(world, life), environment=path, under=Path("none"))

    @asynccontextmanager
    async def copy(self, folder: str, files: Mapping[str, Digest]) -> AsyncIterator[Bench]:
        yield Bench(folder, folder)
