"""A small town: real Redis, real processes, real files; only the directory is a list of names."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from redis.asyncio import Redis

from bot.artifacts import Artifacts, lock
from bot.ask.grammar import Complete, parse
from bot.authorize.click import Action, Answered, Click
from bot.authorize.people import Person, Standing, Undetermined
from bot.connectors.http_line import over_http
from bot.connectors.processes import GuardedProcesses
from bot.connectors.workshop import LocalWorkshop
from bot.execute.connectors import BY_HTTP
from bot.flow.flow import Flow
from bot.flow.labour import Labour
from bot.flow.request import Place, Request
from bot.flow.workshop import Models
from bot.lifecycle import State
from bot.store.showing import Showing
from bot.store.store import Store
from bot.store.streams import Streams
from bot.terms import Group, Principal, RequestId

CHANNEL, CARD = "C0DEPLOYS", "1700000000.000100"

SKILL = """
name: touch
version: 1.0.0
owners: ["@platform"]
lifecycle: stable
summary: Append a line to a file.
examples: ["touch word=hello to staging"]
inputs:
  type: object
  additionalProperties: false
  required: [word]
  properties:
    word: {type: string, pattern: '\\A[a-z]+\\z', description: The word to append}
environments: [development, staging, production]
effects: {read_only: false, destructive: false, idempotent: false, open_world: false,
          risk: {development: 5, staging: 20, production: 60}, blast_radius: one file, lock: "${environment}"}
permissions: {exec: [python3], env: [TOWN]}
cost:
  ceiling_usd: {development: "0.10", staging: "0.10", production: "0.50"}
  lines: [{unit: compute_seconds, p50: 1, p95: 2}, {unit: tool_calls, p50: 3, p95: 3}]
plan:
  - {id: plan, run: [python3, step.py, plan, "${inputs.word}"], timeout: 20s}
steps:
  - {id: first, title: "Write ${inputs.word}", run: [python3, step.py, first, "${inputs.word}"], timeout: 20s,
     repeat: %(first)s, probe: [python3, step.py, probe, "${inputs.word}"],
     undo: [python3, step.py, undo-first, "${inputs.word}"]}
  - {id: second, title: Write it again, run: [python3, step.py, second, "${inputs.word}"], timeout: 20s,
     repeat: idempotent, undo: [python3, step.py, undo-second, "${inputs.word}"]}
done_when:
  measure: {run: [python3, step.py, measure, "${inputs.word}"], timeout: 20s}
  no_data: fail
  checks: [{name: both lines are there, observed: lines, at_least: 2}]
on_fail: undo
limits: {wall: 1m, output_kb: 16}
"""

STEP = """
import json, os, sys, time
from pathlib import Path
what, word = sys.argv[1:3]
town = Path(os.environ["TOWN"])
log = town / "log"
faults = json.loads((town / "faults.json").read_text()) if (town / "faults.json").exists() else {}
def wrote():
    return log.read_text().splitlines() if log.exists() else []
if what == "plan":
    if word == "nonsense" or "refused" in faults:
        said = faults.get("refused", "There is no word nonsense. Known: hello.")
        print(json.dumps({"refused": said})); sys.exit(3)
    changes = [{"what": "log", "from": faults.get("before", ""), "to": word}]
    target = {"identity": "town/log", "revision": faults.get("revision", "1")}
    print(json.dumps({"summary": f"append {word} twice", "changes": changes, "target": target,
        "resolved": {"word": word}, "undo": "take both lines out", "nothing_to_do": word == "nothing"}))
elif what == "measure":
    print(json.dumps({"lines": faults["lines"]} if "lines" in faults else {"lines": len(wrote())}))
elif what == "probe":
    sys.exit(0 if f"first {word}" in wrote() else 1)
else:
    print(f"doing {what}", flush=True)
    with log.open("a") as out:
        out.write(f"{what} {word}\\n")
    if faults.get("sleep") == what:
        (town / "asleep").touch()
        time.sleep(faults.get("for", 30))
    sys.exit(1 if faults.get("fail") == what else 0)
"""

POLICY = """
policy: town
version: 1
owner: "@platform"
purpose: Two people look at production.
applies_to: [touch]
gates:
  - id: try
    why: Trying is free.
    when: request.environment != "production"
    allow: true
  - id: two
    why: Two people look at production.
    when: request.environment == "production"
    require:
      {stage: review, all_of: [{group: owners, count: 1}, {group: release, count: 1}], exclude: [requester]}
budgets:
  - {scope: team, period: month, limit_usd: "%(budget)s"}
expires_after: %(expires)s
grant_expires_after: 30m
"""

PRICES = """
version: "1"
currency: USD
units:
  compute_seconds: {usd: "0.0001"}
  tool_calls: {usd: "0.001"}
"""

PEOPLE = """
people:
  alice: {slack: [U0ALICE]}
  bob: {slack: [U0BOB]}
  carol: {slack: [U0CAROL]}
  erin: {slack: [U0ERIN]}
  dave: {slack: [U0DAVE]}
groups:
  owners: [bob, erin]
  release: [carol, bob]
  security: [dave]
"""


@dataclass
class Directory:
    """Who is who; `away` makes it silent, as Slack can be."""

    groups: dict[str, set[str]] = field(
        default_factory=lambda: {"owners": {"bob", "erin"}, "release": {"carol", "bob"}, "security": {"dave"}}
    )
    standings: dict[str, Standing] = field(default_factory=dict)
    strangers: set[str] = field(default_factory=set)
    away: bool = False

    async def person(self, slack_user: str, *, team: str | None = None) -> Person:
        if self.away:
            raise Undetermined("Slack does not answer.")
        name = slack_user.removeprefix("U0").lower()
        groups = frozenset(Group(g) for g, members in self.groups.items() if name in members)
        standing = self.standings.get(slack_user, Standing.MEMBER)
        known = standing is Standing.MEMBER and slack_user not in self.strangers
        return Person(
            slack_user=slack_user,
            standing=standing,
            principal=Principal(name) if known else None,
            groups=groups,
        )

    async def members(self, group: Group) -> frozenset[Principal]:
        if self.away:
            raise Undetermined("Slack does not answer.")
        return frozenset(Principal(name) for name in self.groups.get(group, set()))

    async def called(self, names: Sequence[str]) -> dict[str, Principal]:
        if self.away:
            raise Undetermined("Slack does not answer.")
        return {name: Principal(name) for name in names if name.isalpha()}


@dataclass
class Ear:
    """Private words as they were said."""

    heard: list[tuple[str, str]] = field(default_factory=list)

    async def tell(
        self, *, channel: str, slack_user: str, text: str, response_url: str | None = None
    ) -> None:
        self.heard.append((slack_user, text))


class Town:
    """Everything one story needs, and the verbs to tell it in."""

    def __init__(
        self,
        redis: Redis,
        reader: Redis,
        root: Path,
        *,
        lease_s: float = 10.0,
        directory: Directory | None = None,
        models: Models | None = None,
    ) -> None:
        self.root = root
        self.folder = root / "town"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.directory, self.ear = directory or Directory(), Ear()
        self.store = Store(redis, "T0TOWN")
        self.streams = Streams(self.store, reader)
        self.showing = Showing(self.store)
        self.artifacts = Artifacts(root / "skills", root / "policies")
        self.flow = Flow.of(store=self.store, people=self.directory, artifacts=self.artifacts, voice=self.ear)
        self.workshop = LocalWorkshop(
            sandbox=GuardedProcesses(alive_for_s=5.0, grace_s=0.3, trusted=True),
            environment={"TOWN": str(self.folder), "PATH": "/usr/bin:/bin"},
            under=root / "runs",
            lines={kind: over_http(connector) for kind, connector in BY_HTTP.items()},
            models=models,
        )
        self.labour = Labour.of(
            store=self.store,
            people=self.directory,
            artifacts=self.artifacts,
            workshop=self.workshop,
            lease_s=lease_s,
            lots_secret=b"lots",
        )
        self._clicks = 0

    def write(self, *, first: str = "reconcilable", budget: str = "100", expires: str = "4h") -> None:
        skill = self.root / "skills" / "touch"
        skill.mkdir(parents=True, exist_ok=True)
        text = SKILL % {"first": first}
        if first != "reconcilable":
            text = text.replace(' probe: [python3, step.py, probe, "${inputs.word}"],', "")
        (skill / "skill.yaml").write_text(text)
        (skill / "step.py").write_text(STEP)
        (skill / "SKILL.md").write_text(
            "---\nname: touch\ndescription: Append a line.\n---\n\nAppend a line.\n"
        )
        policies = self.root / "policies"
        policies.mkdir(exist_ok=True)
        (policies / "town.yaml").write_text(textwrap.dedent(POLICY % {"budget": budget, "expires": expires}))
        (policies / "prices.yaml").write_text(PRICES)
        (policies / "people.yaml").write_text(PEOPLE)
        self.review()

    def govern(self, *gates: str, **keys: str) -> None:
        """Other gates, each YAML of one item, and further keys of the policy as YAML."""
        head = textwrap.dedent(POLICY % {"budget": "100", "expires": "4h"})
        start, end = head.index("gates:"), head.index("budgets:")
        written = "\n".join(f"  - {gate}" for gate in gates)
        more = "".join(f"{name}: {value}\n" for name, value in keys.items())
        text = f"{head[:start]}gates:\n{written}\n{head[end:]}"
        for name in keys:
            text = "\n".join(line for line in text.splitlines() if not line.startswith(f"{name}:")) + "\n"
        (self.root / "policies" / "town.yaml").write_text(text + more)

    def edit(self, path: str, old: str, new: str) -> None:
        """Change one place of a skill or a policy, as a deployment does."""
        text = (self.root / path).read_text()
        assert old in text, f"{path} has no {old!r}"
        (self.root / path).write_text(text.replace(old, new))

    def review(self) -> None:
        """Say that the skills as they are now were reviewed."""
        (self.root / "skills" / "skills.lock").write_text(lock(self.artifacts.skills().values()))

    def restart(self) -> Town:
        """The same town for new processes: nothing is remembered but what Redis and the files keep."""
        again = Town(self.store.redis, self.streams.reader, self.root, directory=self.directory)
        again._clicks = self._clicks + 1000
        return again

    def faults(self, text: str) -> None:
        (self.folder / "faults.json").write_text(text)

    @property
    def log(self) -> list[str]:
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    async def ask(self, text: str, *, by: str = "U0ALICE", identity: str = "") -> RequestId:
        """Ask, be admitted, be planned and judged, and have a card: what everybody sees next."""
        request = await self.accept(text, by=by, identity=identity)
        await self.flow.admit(request)
        await self.labour.judging.plan(request, worker="w1")
        await self.showing.shown(request, channel=CHANNEL, ts=CARD, revision=1)
        return request

    async def accept(self, text: str, *, by: str = "U0ALICE", identity: str = "") -> RequestId:
        parsed = parse(text, self.artifacts.skills())
        assert isinstance(parsed, Complete)
        self._clicks += 1
        request, _ = await self.flow.accept(
            invocation=parsed.invocation,
            slack_user=by,
            place=Place(team="T0TOWN", channel=CHANNEL),
            identity=identity or f"{text} {self._clicks}",
        )
        return request

    async def click(self, request: RequestId, action: Action, /, *, by: str, **changed: object) -> Answered:
        found = await self.get(request)
        self._clicks += 1
        values: dict[str, object] = {
            "id": f"click-{self._clicks}",
            "team": "T0TOWN",
            "channel": CHANNEL,
            "message_ts": CARD,
            "slack_user": by,
            "action": action,
            "request": request,
            "card_revision": found.card_revision,
            "genuine": True,
            **changed,
        }
        return await self.flow.answer(Click.model_validate(values))

    async def run(self, request: RequestId, *, worker: str = "w1") -> Request:
        await self.labour.running.run(request, worker=worker)
        return await self.get(request)

    async def get(self, request: RequestId) -> Request:
        found = await self.store.get(request)
        assert found is not None
        return found

    async def state(self, request: RequestId) -> State:
        return (await self.get(request)).state

    async def until(self, path: str, *, seconds: float = 20) -> None:
        for _ in range(int(seconds / 0.02)):
            if (self.folder / path).exists():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"{path} did not appear")
