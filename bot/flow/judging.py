"""Chapter two: what would change is known, so the gate decides and the estimate says what it would cost."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pydantic import JsonValue

from bot.ask.catalog import Skill
from bot.ask.invocation import Invocation
from bot.assess.assessment import Assessment, Plan
from bot.assess.decision import Allow, Deny, RequireApproval
from bot.assess.estimate import account, account_of, major_of
from bot.assess.evidence import Lots
from bot.assess.gate import assess
from bot.assess.gather import Circumstances
from bot.assess.models import lacking as no_model_for
from bot.assess.upgrade import EARLIER_MAJORS
from bot.authorize.approval import tally
from bot.authorize.people import Person, Standing, Undetermined
from bot.execute.sandbox import clock
from bot.execute.steps.connector import lacking
from bot.execute.steps.mcp import lacking as no_tool_for
from bot.flow.commit import Commit, Committed, Declined, Timer
from bot.flow.escalating import next_step
from bot.flow.granting import granting, held_by
from bot.flow.leasing import held
from bot.flow.planning import Planning
from bot.flow.ports import Artifacts, People, Store, StoreAway
from bot.flow.request import Request
from bot.lifecycle import Event, State
from bot.settle.outcome import Outcome
from bot.terms import Micros, Refused, RequestId

PLANNING_MS = 5 * 60 * 1000
"""From the first try: a request whose worker died is planned by another, what kills them all ends here."""


@dataclass(frozen=True, slots=True)
class Judging:
    store: Store
    people: People
    artifacts: Artifacts
    planning: Planning
    lease_s: float
    lots_secret: bytes = field(repr=False)

    async def plan(self, request_id: RequestId, *, worker: str) -> None:
        """Plan and judge one request; its card shows the decision, or why there is none."""
        found = await self.store.read(request_id)
        if found is None or found[0].state is not State.PLANNING or found[0].requester is None:
            return
        request, now = found
        since = clock()
        claimed = await self._claim(request, worker)
        if claimed is None:
            return
        # A plan may take longer than a lease, and its successor's would take as long.
        async with held(self.store, request_id, fence=claimed.fence, lease_s=self.lease_s, since=since):
            await self._judge(request, claimed, now)

    async def _judge(self, request: Request, claimed: Committed, now: datetime) -> None:
        try:
            skill = self._skill(request)
            if why := no_model_for(skill.manifest, self.artifacts.policies().models):
                raise Refused(f"{why} Nothing was begun.")
            plan = await self.planning.plan(request.id, request.invocation, skill)
            if plan.nothing_to_do:
                await self._refuse(request, claimed, plan.summary, kind="nothing_to_do")
                return
            assessment = await self.assess(
                request, skill, plan, now=now, card_revision=request.card_revision + 1
            )
            self.planning.holds(assessment.risk)
        except (StoreAway, Undetermined):
            raise  # not knowing is not a no: it is planned again when the lease has run out
        except Refused as refused:
            await self._refuse(request, claimed, str(refused))
            return
        await self._commit(request, claimed, assessment)

    async def assess(
        self, request: Request, skill: Skill, plan: Plan, *, now: datetime, card_revision: int
    ) -> Assessment:
        """Gather what a judgement may look at, and judge.

        Raises Undetermined when Slack, or a schedule that matters, does not answer; Refused when whoever
        asked may not ask any more.
        """
        assert request.requester is not None  # noqa: S101  admitted before it is planned
        person = await self.people.person(request.asked_by)
        if person.standing is not Standing.MEMBER or person.principal != request.requester:
            raise Refused(f"{request.requester}, who asked, is not a full member of this workspace any more.")
        policies = self.artifacts.policies()
        invocation, team = request.invocation, self.store.team
        if person.unanswered and policies.by_group(invocation.skill, invocation.version):
            silent = ", ".join(f"@{group}" for group in sorted(person.unanswered))
            raise Undetermined(
                f"Who is on call for {silent} cannot be asked now, and the policy looks at it."
            )
        drawn = policies.accounts(invocation, team=team, now=now)
        spent = await self.store.spent([account.key for account in drawn])
        own = await held_by(self.store, request)
        ended = await self.store.ended(account_of(invocation))
        return assess(
            invocation=invocation,
            skill=skill,
            plan=plan,
            requester=request.requester,
            around=await self._around(request, plan, person),
            policies=policies,
            history=ended.history,
            failures=ended.failures,
            earlier=ended.history[-1] if ended.history else await self._earlier(invocation),
            budgets={key: Micros(amount - own.get(key, 0)) for key, amount in spent.items()},
            now=now,
            card_revision=card_revision,
            team=team,
        )

    async def _earlier(self, invocation: Invocation) -> Mapping[str, JsonValue] | None:
        """The last run here of an earlier major version."""
        major = major_of(invocation)
        for before in range(major - 1, max(-1, major - 1 - EARLIER_MAJORS), -1):
            kept = account(invocation.skill, before, invocation.environment)
            if lines := await self.store.history(kept, limit=1):
                return lines[-1]
        return None

    async def _around(self, request: Request, plan: Plan, person: Person) -> Circumstances:
        """What is known besides; whom a plan names and the directory does not know stays unknown."""
        invocation = request.invocation
        named = [*plan.authors, *(one for one in (plan.last_committer, plan.beneficiary) if one)]
        known = await self.people.called(named) if named else {}
        looked_at = self.artifacts.policies().looks_at(invocation.skill, invocation.version)
        authors = [known.get(name) for name in plan.authors]
        lots = None
        if "evidence.draw" in looked_at:
            account, target = account_of(invocation), plan.target.identity
            lots = Lots(self.lots_secret, account, await self.store.used_up(account, target))
        waiting: dict[str, int] = {}
        if "actor.waiting" in looked_at and request.requester is not None:
            waiting["waiting"] = await self.store.waiting(request.requester, but=request.id)
        return Circumstances(
            groups=person.groups,
            authors=tuple(one for one in authors if one) if all(authors) else (),
            last_committer=known.get(plan.last_committer),
            beneficiary=known.get(plan.beneficiary),
            lots=lots,
            **waiting,
        )

    async def _same(self, request: Request, assessment: Assessment) -> RequestId | None:
        """Another request of this person that waits for the very same."""
        about = assessment.renewed(card_revision=0).digest
        for other_id in await self.store.in_states((State.WAITING,)):
            other = None if other_id == request.id else await self.store.get(other_id)
            judged = other.assessment if other is not None else None
            if judged is not None and judged.renewed(card_revision=0).digest == about:
                return other_id
        return None

    def _skill(self, request: Request) -> Skill:
        skill = self.artifacts.skills().find(request.invocation.skill)
        if skill.digest != request.invocation.digest:
            raise Refused(f"{skill.name} changed since you asked for it. Ask again to get the new one.")
        policies = self.artifacts.policies()
        if lacks := lacking(skill.manifest, policies.connectors):
            raise Refused(lacks)
        if lacks := no_tool_for(skill.manifest, policies.servers):
            raise Refused(lacks)
        return skill

    async def _claim(self, request: Request, worker: str) -> Committed | None:
        timers: dict[Timer, int] = {"lease": int(self.lease_s * 1000)}
        if not request.fence:
            timers["expire"] = PLANNING_MS
        done = await self.store.commit(
            Commit(
                op=f"plan:{worker}:{secrets.token_hex(6)}",
                request=request.id,
                event=Event.CLAIMED,
                unexpired=True,
                take_lease_ms=int(self.lease_s * 1000),
                timers=timers,
                audit={"principal": worker},
                show=False,
            )
        )
        return done if isinstance(done, Committed) else None

    async def _refuse(
        self, request: Request, claimed: Committed, words: str, *, kind: str = "refused"
    ) -> None:
        outcome = Outcome.model_validate({"kind": kind, "sentence": words})
        await self.store.commit(
            Commit(
                op=f"refuse:{claimed.fence}",
                request=request.id,
                event=Event.REFUSE,
                kind="refused",
                fence=claimed.fence,
                drop_lease=True,
                clear=("lease", "expire"),
                set={"outcome": outcome},
                audit={"principal": "assent", "reason": words},
            )
        )

    async def _commit(self, request: Request, claimed: Committed, assessment: Assessment) -> None:
        """Plan, facts, estimate and decision become the record in one write, with what follows from them."""
        decision = assessment.decision
        commit = Commit(
            op=f"decide:{claimed.fence}",
            request=request.id,
            event=Event.DECIDED_REQUIRE,
            kind="planned",
            also=("decided",),
            fence=claimed.fence,
            drop_lease=True,
            clear=("lease", "expire"),
            set={"assessment": assessment, "card_revision": assessment.binding.card_revision, "notes": ()},
            audit={
                "principal": "assent",
                "effect": decision.effect,
                "because": [line.rule for line in decision.because],
                "reason": decision.because[0].why if decision.because else "",
                "digest": assessment.digest,
                "policy": assessment.policy_digest,
                "facts": assessment.facts,
            },
        )
        match decision:
            case Allow():
                commit = granting(
                    replace(commit, event=Event.DECIDED_ALLOW), assessment, now=await self.store.now()
                )
            case Deny():
                sentence = "; ".join(line.why for line in decision.because)
                outcome = Outcome(kind="refused", sentence=sentence)
                commit = replace(commit, event=Event.REFUSE, set={**commit.set, "outcome": outcome})
            case RequireApproval():
                if decision.coalesce and (same := await self._same(request, assessment)) is not None:
                    words = f"That is {same} already, which still waits. Nothing is asked twice."
                    await self._refuse(request, claimed, words)
                    return
                empty = tally(
                    decision, (), digest=assessment.digest, members={}, requester=assessment.requester
                )
                commit = replace(
                    commit,
                    timers={
                        "expire": decision.expires_after_s * 1000,
                        **next_step(decision, taken=0, waited=timedelta(0)),
                    },
                    clear=("lease",),
                    set={**commit.set, "missing": (*empty.missing, *empty.later)},
                )
        done = await self.store.commit(commit)
        if isinstance(done, Declined) and done.reason == "budget":
            words = f"The budget {done.detail} has no room for its ceiling. Ask its owner to raise it."
            await self._refuse(request, claimed, words)
