"""One deployment, as a record in any state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.ask.invocation import Invocation
from bot.assess.assessment import (
    Assessment,
    Binding,
    BudgetLine,
    Change,
    Estimate,
    Plan,
    Target,
    digest_of,
)
from bot.assess.decision import Because, RequireApproval, Requirement, Seat
from bot.authorize.approval import Vote
from bot.execute.journal import Entry
from bot.flow.request import Place, Request
from bot.lifecycle import State
from bot.slack.buttons import Buttons
from bot.terms import Digest, Environment, Group, Micros, Principal, RequestId

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SKILL = Digest("sha256:" + "5" * 64)

Make = Callable[..., Any]


def invocation(**changes: Any) -> Invocation:
    made: dict[str, Any] = {
        "skill": "deploy",
        "version": "1.0.0",
        "digest": SKILL,
        "inputs": {"service": "checkout", "version": "1.4.2"},
        "environment": Environment.STAGING,
    }
    return Invocation(**(made | changes))


def assessment(
    *, call: Invocation | None = None, plan: dict[str, Any] | None = None, **changes: Any
) -> Assessment:
    call = call or invocation()
    target = Target(identity="demo-host/staging/checkout", revision="rev-7")
    planned: dict[str, Any] = {
        "summary": "checkout 1.4.1 → 1.4.2 in staging, 3 commits",
        "changes": (Change(what="checkout", before="1.4.1", after="1.4.2"),),
        "details": "a1b2c3 Add vouchers\nb2c3d4 Fix rounding\nc3d4e5 Release 1.4.2",
        "target": target,
        "undo": "back to 1.4.1",
    }
    made_plan = Plan(**(planned | (plan or {})))
    ask = RequireApproval(
        because=(Because(rule="deploy/staging", why="staging is shared"),),
        requirements=(Requirement(rule="deploy/staging", all_of=(Seat(group=Group("release"), count=2),)),),
    )
    binding = Binding(
        skill=call.skill,
        version=call.version,
        skill_digest=call.digest,
        inputs=dict(call.inputs),
        environment=call.environment,
        target=target,
        plan=digest_of(made_plan.model_dump(mode="json")),
        requester=Principal("alice"),
        ceiling=Micros(100_000),
        prices="2026-03",
        policy_digest=Digest("sha256:" + "7" * 64),
        requirements=digest_of([]),
        card_revision=1,
    )
    made: dict[str, Any] = {
        "invocation": call,
        "requester": Principal("alice"),
        "plan": made_plan,
        "decision": ask,
        "estimate": Estimate(
            p50=Micros(12_000),
            p95=Micros(31_000),
            ceiling=Micros(100_000),
            basis="41 runs",
            runs=41,
            prices="2026-03",
        ),
        "budgets": (
            BudgetLine(scope="staging today", key="e", limit=Micros(5_000_000), left=Micros(3_200_000)),
        ),
        "risk": 25,
        "risk_why": ("staging",),
        "facts": {},
        "policy": "deploy 3",
        "policy_digest": Digest("sha256:" + "7" * 64),
        "binding": binding,
        "digest": Digest("sha256:abcdef012345" + "0" * 52),
    }
    return Assessment(**(made | changes))


def record(state: State = State.WAITING, **changes: Any) -> Request:
    made: dict[str, Any] = {
        "id": RequestId("r-42"),
        "state": state,
        "revision": 3,
        "card_revision": 1,
        "asked_at": NOON,
        "updated_at": NOON,
        "expires_at": NOON + timedelta(hours=4),
        "asked_by": "UALICE",
        "requester": Principal("alice"),
        "place": Place(team="T1", channel="C1"),
        "invocation": invocation(),
        "assessment": assessment(),
    }
    return Request(**(made | changes))


def ballot(who: str, answer: str = "approve", *, minute: int = 1, reason: str = "") -> Vote:
    return Vote(
        principal=Principal(who),
        slack_user=f"U{who.upper()}",
        answer=answer,  # type: ignore[arg-type]
        at=NOON + timedelta(minutes=minute),
        digest=Digest("sha256:abcdef012345" + "0" * 52),
        stage="review",
        reason=reason,
    )


def step(event: str, name: str, *, second: int = 0, **more: Any) -> Entry:
    return Entry(
        event=event, step=name, fence=more.pop("fence", 1), at=NOON + timedelta(seconds=second), **more
    )  # type: ignore[arg-type]


@pytest.fixture
def a_request() -> Make:
    return record


@pytest.fixture
def an_assessment() -> Make:
    return assessment


@pytest.fixture
def an_invocation() -> Make:
    return invocation


@pytest.fixture
def a_vote() -> Make:
    return ballot


@pytest.fixture
def an_entry() -> Make:
    return step


@pytest.fixture
def buttons() -> Buttons:
    return Buttons(secret="signing secret", team="T1")
