"""An auditor who knows the design and none of the code: what the audit says must never have happened.

It replays the audit of a workspace and counts people by trying every seating there is. Where something else
changed while an operation was under way, both what held before and what held after excuse it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from tests.model.ground import BROKEN

HOUR = 3600.0
DAY = 24 * HOUR
ANSWERED_WITHIN, BEGUN_WITHIN, REPLIED_WITHIN = 4 * HOUR, 0.5 * HOUR, 2 * HOUR
CEILING = {"staging": 100_000, "production": 500_000}

SEATS: Mapping[str, Sequence[tuple[str, ...]]] = {
    "two": [("owners", "release")],
    "three": [("owners", "release", "sre")],
    "one": [("owners",)],
    "choice": [("owners", "owners"), ("release",)],
    "stubborn": [("owners", "sre")],
    "free": [()],
    "no": [],
}
"""Each way in which the people whom a policy asks may be seated, by the groups that they must be in."""

LETS_THE_REQUESTER = {"choice"}
NOES = {"stubborn": 2}
VETO = {"stubborn": "release"}

SAID_ONLY = {"refused_click", "posted"}
"""What changes no request, and may be said of one that has ended too."""

Members = Mapping[str, frozenset[str]]


class NeverEver(AssertionError):
    """The audit shows what must not be."""


@dataclass(frozen=True)
class Moment:
    """What held at some time of an operation, besides what requests say."""

    policy: str
    members: Members
    skill: int
    revision: int
    clock: float


@dataclass
class Case:
    """One request as the audit tells of it."""

    environment: str
    judged_by: set[str] = field(default_factory=set)
    """Every policy that it was judged by: the strictest of them all holds."""
    requester: str = ""
    policy: str = ""
    """The last of them."""
    digest: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    skill: int = 0
    revisions: frozenset[int] = frozenset()
    phase: str = "planning"
    waits_from: float = 0.0
    granted_at: float = 0.0
    begun: bool = False
    settled: int = 0
    asked_at: float | None = None
    """Since when its question waits for an answer; None while it asks nothing."""

    def who(self, said: str) -> frozenset[str]:
        return frozenset(person for person, answer in self.answers.items() if answer == said)


def enough(policy: str, people: Iterable[str], members: Members) -> bool:
    """Whether these people can take every seat that a policy has, each of them one."""
    present = sorted(people)
    return any(
        all(person in members[group] for person, group in zip(seated, seats, strict=True))
        for seats in SEATS[policy]
        for seated in permutations(present, len(seats))
    )


def asked(policy: str, members: Members) -> frozenset[str]:
    """Everybody of whom the policy asks something."""
    groups = {group for seats in SEATS[policy] for group in seats}
    return frozenset[str]().union(*(members[group] for group in groups))


class Auditor:
    def __init__(self, policies: Mapping[str, str]) -> None:
        self._policies = policies
        self.cases: dict[str, Case] = {}
        self.pressed: Counter[tuple[str, str, str]] = Counter()
        """Buttons that people pressed: request, person, answer. The same press delivered twice is one."""

    def hear(self, entries: Sequence[Mapping[str, Any]], moments: Sequence[Moment], *, jump: int) -> None:
        """What one operation wrote; from the entry numbered `jump` on it is as late as the last moment."""
        for number, entry in enumerate(entries):
            clock = moments[-1 if number >= jump else 0].clock
            self._hear(entry, moments, clock)

    def _hear(self, entry: Mapping[str, Any], moments: Sequence[Moment], clock: float) -> None:
        kind, request = entry["kind"], entry.get("request", "")
        if kind == "requested":
            self.cases[request] = Case(entry["detail"]["environment"], skill=moments[0].skill)
            return
        if kind in SAID_ONLY or request not in self.cases:
            return
        case = self.cases[request]
        if case.phase == "ended":
            raise NeverEver(f"{kind} after the end: {entry}")
        match kind:
            case "admitted":
                case.requester = entry["principal"]
            case "decided" if entry["effect"] == "deny":
                case.phase = "ended"
            case "decided":
                self._judged(case, entry)
                case.phase, case.waits_from = "waiting", clock
                case.revisions = frozenset(moment.revision for moment in moments)
            case "reassessed":
                if case.phase != "waiting":
                    case.waits_from = clock
                if "policy" in entry:
                    self._judged(case, entry)
                case.phase = "waiting"
            case "voted":
                self._voted(case, entry, moments, clock)
            case "granted":
                self._granted(case, moments, clock)
            case "claimed" if "tier" in entry:
                self._begun(case, moments, clock)
            case "asked" if case.phase == "running" and case.asked_at is None:
                case.asked_at = clock
            case "asked":
                raise NeverEver(f"asked while {case.phase}, and asked already {case.asked_at}: {entry}")
            case "answered" | "unanswered":
                self._replied(case, entry, moments, clock)
            case "stop_asked":
                case.asked_at = None
            case "step_began" if case.asked_at is not None:
                raise NeverEver(f"something ran while people were asked: {entry}")
            case "settled":
                case.settled += 1
                if case.phase != "running" or case.settled > 1:
                    raise NeverEver(f"settled {case.settled} times, while {case.phase}")
                case.phase = "ended"
            case "denied" | "expired" | "voided" | "cancelled" | "refused":
                if kind == "expired" and not self._late(case, clock):
                    raise NeverEver(f"expired too early: {entry}")
                case.phase = "ended"

    def _judged(self, case: Case, entry: Mapping[str, Any]) -> None:
        """Answers until now were for something else."""
        case.policy = self._policies[entry["policy"]]
        case.judged_by.add(case.policy)
        case.digest, case.answers = entry["digest"], {}

    def _voted(self, case: Case, entry: Mapping[str, Any], moments: Sequence[Moment], clock: float) -> None:
        person, answer = entry["principal"], entry["answer"]
        key = (entry["request"], person, answer)
        self.pressed[key] -= 1
        if self.pressed[key] < 0:
            raise NeverEver(f"nobody pressed that: {entry}")
        if case.phase != "waiting":
            raise NeverEver(f"an answer while {case.phase}: {entry}")
        if self._late(case, clock):
            raise NeverEver(f"an answer after it expired: {entry}")
        if entry["digest"] != case.digest:
            raise NeverEver(f"an answer to another card: {entry}")
        if all(moment.policy == BROKEN for moment in moments):
            raise NeverEver(f"counted under policies that do not load: {entry}")
        if answer == "withdraw":
            if case.answers.pop(person, None) is None:
                raise NeverEver(f"there was nothing to withdraw: {entry}")
            return
        if not any(self._may(case, person, answer, moment.members) for moment in moments):
            raise NeverEver(f"{person} may not {answer}: {entry}")
        case.answers[person] = answer

    def _replied(self, case: Case, entry: Mapping[str, Any], moments: Sequence[Moment], clock: float) -> None:
        """An answer is pressed by somebody who may, once, while it waits; silence is its end in time."""
        since, case.asked_at = case.asked_at, None
        if since is None:
            raise NeverEver(f"an answer to nothing: {entry}")
        if (clock - since >= REPLIED_WITHIN) != (entry["kind"] == "unanswered"):
            raise NeverEver(f"{entry['kind']} after {clock - since} s: {entry}")
        if entry["kind"] == "unanswered":
            return
        person = entry["principal"]
        self.pressed[entry["request"], person, "answer"] -= 1
        if self.pressed[entry["request"], person, "answer"] < 0:
            raise NeverEver(f"nobody pressed that: {entry}")
        if person != case.requester and not any(person in one.members["owners"] for one in moments):
            raise NeverEver(f"{person} may not answer: {entry}")

    def _may(self, case: Case, person: str, answer: str, members: Members) -> bool:
        for policy in case.judged_by:
            excluded = person == case.requester and policy not in LETS_THE_REQUESTER
            if person in asked(policy, members) and not excluded:
                return True
            if answer == "deny" and policy in VETO and person in members[VETO[policy]] - {case.requester}:
                return True
        return False

    def _granted(self, case: Case, moments: Sequence[Moment], clock: float) -> None:
        if case.phase != "waiting":
            raise NeverEver(f"granted while {case.phase}")
        if case.environment == "production" and self._late(case, clock):
            raise NeverEver("granted after it expired")
        excused = any(self._enough(case, moment.members, case.judged_by) for moment in moments)
        if case.environment == "production" and not excused:
            raise NeverEver(f"granted with {case.answers}, judged by {case.judged_by}")
        case.phase, case.granted_at = "granted", clock

    def _begun(self, case: Case, moments: Sequence[Moment], clock: float) -> None:
        """Only a granted run begins, and only what is as it was judged; one that has begun may go on."""
        if case.phase == "running":
            return
        if case.phase != "granted":
            raise NeverEver(f"begun while {case.phase}")
        if clock - case.granted_at >= BEGUN_WITHIN:
            raise NeverEver("begun after the grant expired")
        excuses = [self._excuse(case, moment) for moment in moments]
        if all(excuses):
            raise NeverEver(f"begun although {excuses[0]}")
        case.phase, case.begun = "running", True

    def _excuse(self, case: Case, moment: Moment) -> str:
        """What stands against beginning at this moment; nothing when it may."""
        if moment.policy == BROKEN:
            return "the policies do not load"
        if moment.skill != case.skill:
            return "the skill is another"
        if case.environment != "production":
            return ""
        by_people = any(SEATS[policy] != [()] for policy in case.judged_by)
        if by_people and moment.revision not in case.revisions:
            return "the target moved"
        policies = case.judged_by | {moment.policy}
        if not self._enough(case, moment.members, policies):
            return f"only {case.answers} for {policies}, where there are {moment.members}"
        return ""

    def _enough(self, case: Case, members: Members, policies: Iterable[str]) -> bool:
        """Every policy by itself has its people, and no no that counts."""
        policies = set(policies)
        people = frozenset[str]().union(*(asked(policy, members) for policy in policies))
        if len(case.who("deny") & people) >= min(NOES.get(policy, 1) for policy in policies):
            return False
        for policy in policies:
            yes = case.who("approve") - (set() if policy in LETS_THE_REQUESTER else {case.requester})
            if not enough(policy, yes, members):
                return False
            if policy in VETO and case.who("deny") & members[VETO[policy]]:
                return False
        return True

    def _late(self, case: Case, clock: float) -> bool:
        """For answers while it waits; while it is planned, five minutes; once granted, half an hour."""
        if case.phase == "granted":
            return clock - case.granted_at >= BEGUN_WITHIN
        return case.phase != "waiting" or clock - case.waits_from >= ANSWERED_WITHIN

    def held(self) -> int:
        """What is reserved for what was granted and has not ended."""
        return sum(
            CEILING[case.environment] for case in self.cases.values() if case.phase in ("granted", "running")
        )
