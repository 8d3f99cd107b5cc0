"""The policies that are armed, compiled once. One document that does not load arms nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, JsonValue

from bot.ask.invocation import Invocation
from bot.ask.reading import Finding, Level, Path, Problem, Unreadable, read_as
from bot.assess import budget, connected, freeze, mcp_servers, policy_lint, roster
from bot.assess.assessment import digest_of
from bot.assess.budget import Account
from bot.assess.compiled import Policy, compile_policy
from bot.assess.connected import Connectors
from bot.assess.mcp_servers import NO_SERVERS, Servers
from bot.assess.models import NO_MODELS, Models
from bot.assess.prices import NO_PRICES, PriceCard
from bot.assess.roster import Roster
from bot.assess.runbook import Runbook
from bot.terms import Digest, Refused

__all__ = ["Document", "Marks", "Policies", "Policy", "PolicyError", "Problem", "load"]

PEOPLE, PRICES, CONNECTORS, MODELS, MCP = "people", "prices", "connectors", "models", "mcp"
"""The documents beside the runbooks, by the stem of their files."""

Marks = Mapping[Path, tuple[int, int]]
"""Line and column, counted from 1, of each key or list item of a document."""


class Document(NamedTuple):
    """A YAML file as read: plain data (dates are still text), and where everything stands."""

    data: JsonValue
    marks: Marks


class Source(NamedTuple):
    """The file a policy was read from, and where everything stands in it."""

    file: str
    marks: Marks


class PolicyError(Refused):
    """Documents that must not decide anything; `problems` has everything that is wrong with them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Policies:
    """Every armed policy by name, with the price card, the roster, the connectors and the MCP servers
    they were read with.

    `problems` is not empty when the documents did not load: then nothing is armed and everything is denied.
    """

    armed: Mapping[str, Policy] = field(default_factory=dict)
    prices: PriceCard = NO_PRICES
    roster: Roster = field(default_factory=Roster)
    connectors: Connectors = connected.NONE
    models: Models = NO_MODELS
    servers: Servers = NO_SERVERS
    problems: tuple[Problem, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict, compare=False)
    """By policy, for whoever warns about something in it."""

    @classmethod
    def load(cls, documents: Mapping[str, Document]) -> Policies:
        """Every YAML document of the folder by its file name; raises PolicyError with every problem."""
        return load(documents)

    @classmethod
    def unarmed(cls, error: PolicyError) -> Policies:
        """What judges while the documents do not load: it denies, and says which file and line."""
        return cls(problems=error.problems)

    @cached_property
    def digest(self) -> Digest:
        """Of everything that is armed; the order of keys and of files does not matter."""
        return digest_of({name: policy.digest for name, policy in self.armed.items()})

    def for_skill(self, name: str, version: str = "") -> tuple[Policy, ...]:
        """The policies that apply to a skill, in the order of their names."""
        return tuple(policy for policy in self.armed.values() if policy.applies_to(name, version))

    def digest_for(self, name: str, version: str = "") -> Digest:
        """Of the policies that apply: a change to the others leaves an approval standing."""
        return digest_of({policy.name: policy.digest for policy in self.for_skill(name, version)})

    def by_group(self, name: str, version: str) -> bool:
        """Whether it matters to the policies that apply which groups somebody who asks is in."""
        asked_of = (policy.runbook.may_request for policy in self.for_skill(name, version))
        return "actor.groups" in self.looks_at(name, version) or any(asked_of)

    def looks_at(self, name: str, version: str) -> frozenset[str]:
        """The facts that the policies that apply look at; the others need not be asked for."""
        applying = self.for_skill(name, version)
        return frozenset[str]().union(*(one.named_by_lets | one.named_by_rules for one in applying))

    def accounts(self, invocation: Invocation, *, team: str, now: datetime) -> tuple[Account, ...]:
        """The budgets that a run draws on; the ledger says what is spent of them."""
        applying = self.for_skill(invocation.skill, invocation.version)
        return budget.accounts(applying, invocation, team=team, now=now)

    def freezes(self, name: str, version: str, now: datetime) -> tuple[str, ...]:
        """Ids of the freeze windows of the applying policies that are open at `now`."""
        windows = (window for one in self.for_skill(name, version) for window in one.runbook.freeze_windows)
        return tuple(dict.fromkeys(window.id for window in windows if freeze.is_open(window, now)))


def load(documents: Mapping[str, Document]) -> Policies:
    """Every YAML document of the policies folder by its file name; raises PolicyError with every problem."""
    problems: list[Problem] = []
    prices, people, connectors, models = NO_PRICES, None, connected.NONE, NO_MODELS
    servers = NO_SERVERS
    runbooks: dict[str, Runbook] = {}
    stems: dict[str, str] = {}
    for file, document in sorted(documents.items()):
        stem = PurePosixPath(file).stem
        if (first := stems.setdefault(stem, file)) != file:
            hint = "Keep one: they would hide each other."
            problems.append(Problem(file, 1, 1, f"{first} has the same name", hint))
        match stem:
            case "people":
                people = _read(Roster, file, document, problems)
                if people is not None:
                    problems += [placed(one, file, document.marks) for one in roster.findings(people)]
            case "prices":
                prices = _read(PriceCard, file, document, problems) or NO_PRICES
            case "connectors":
                connectors = _read(Connectors, file, document, problems) or connected.NONE
                problems += [placed(one, file, document.marks) for one in connected.findings(connectors)]
            case "models":
                models = _read(Models, file, document, problems) or NO_MODELS
            case "mcp":
                servers = _read(Servers, file, document, problems) or NO_SERVERS
                problems += [placed(one, file, document.marks) for one in mcp_servers.findings(servers)]
            case _:
                if runbook := _read(Runbook, file, document, problems):
                    runbooks[file] = runbook
    compiled: dict[str, Policy] = {}
    sources = {runbook.policy: Source(file, documents[file].marks) for file, runbook in runbooks.items()}
    for file, runbook in runbooks.items():
        policy, faults = compile_policy(runbook)
        faults = [*policy_lint.findings(runbook, stem=PurePosixPath(file).stem, roster=people), *faults]
        problems += [placed(one, file, documents[file].marks) for one in faults]
        compiled[runbook.policy] = policy
    for file, finding in policy_lint.findings_between(runbooks):
        problems.append(placed(finding, file, documents[file].marks))
    if not runbooks and not problems:
        problems.append(
            Problem("policies", 1, 1, "there is no policy", "Add one: without any, nothing may run.")
        )
    if problems:
        raise PolicyError(sorted(problems, key=lambda one: (one.file, one.line, one.column)))
    return Policies(
        dict(sorted(compiled.items())),
        prices=prices,
        roster=people or Roster(),
        connectors=connectors,
        models=models,
        servers=servers,
        sources=sources,
    )


Model = TypeVar("Model", bound=BaseModel)

_HINTS = {
    "allow": "Write true: what no gate allows is denied anyway.",
    "rows": "A row is [name, {facts that differ}, decision, [gates], people].",
    "from": "Write the wall clock of tz: 2026-12-18T00:00.",
    "to": "Write the wall clock of tz: 2027-01-04T07:00.",
    "review_by": "Write it as 2027-03-31.",
    "on_silence": "Silence never approves: leave it out, or write deny.",
    "exclude": "Write [requester], or [] to let people approve their own requests.",
    "applies_to": "List skills: [deploy, rotate-key@2], or ['*'] for every one.",
    "may_request": "Leave it out for every full member; an empty list would be nobody.",
    "limit_usd": 'Money is dollars in quotes, such as "400".',
    "slack": "A member id begins with U or W; it stands in the person's profile in Slack.",
    "tz": "Write an IANA name such as Europe/Berlin, or UTC.",
    "why": "Say it to the person who is held up: they will read it on the card.",
}


def _read(model: type[Model], file: str, document: Document, problems: list[Problem]) -> Model | None:
    try:
        return read_as(model, document.data)
    except Unreadable as error:
        problems += [placed(_hinted(one), file, document.marks) for one in error.findings]
        return None


def _hinted(finding: Finding) -> Finding:
    names = [part for part in finding.path if isinstance(part, str)]
    if finding.hint or not names or "money is" in finding.message:
        return finding
    return Finding(finding.path, finding.message, _HINTS.get(names[-1], ""))


def placed(finding: Finding, file: str, marks: Marks, *, level: Level = "error") -> Problem:
    """Where the finding stands, or the nearest thing around it that has a place."""
    path: tuple[Any, ...] = finding.path
    while path not in marks and path:
        path = path[:-1]
    line, column = marks.get(path, (1, 1))
    return Problem(file, line, column, finding.message, finding.hint, level=level)
