"""Broken glass: what takes the place of a deny, and that nothing else gives way."""

from __future__ import annotations

from typing import Any

import pytest

from bot.assess.decision import Deny, RequireApproval
from bot.assess.gate import decide

from .writing import facts, gates, policies

LOOK = "look | true | require: {all_of: [{group: owners}]}"
FREEZE = """\
freeze | size(freeze.active) > 0 | deny: There is a freeze.
    override: {all_of: [{group: sre}], notify: [owners], review_by: [leads], ttl: 30m, review_within: 2d}"""
DRAFT = "draft | true | deny: It is a draft."
FROZEN: dict[str, Any] = {"freeze__active": ["weekend"]}
BROKEN: dict[str, Any] = {
    **FROZEN,
    "request__break_glass": True,
    "request__reason": "Checkout is down.",
    "request__incident": "INC-42",
}

CASES = {
    "no freeze and nothing is overridden": ((LOOK, FREEZE), {}, "require", ["p/look"]),
    "a freeze denies": ((LOOK, FREEZE), FROZEN, "deny", ["p/freeze"]),
    "broken glass asks others instead": (
        (LOOK, FREEZE),
        BROKEN,
        "require",
        ["p/look", "p/freeze+override"],
    ),
    "glass broken without a reason is not broken": (
        (LOOK, FREEZE),
        {**BROKEN, "request__reason": ""},
        "deny",
        ["p/freeze"],
    ),
    "glass broken without an incident is not broken": (
        (LOOK, FREEZE),
        {**BROKEN, "request__incident": ""},
        "deny",
        ["p/freeze"],
    ),
    "a reason and an incident alone break nothing": (
        (LOOK, FREEZE),
        {**BROKEN, "request__break_glass": False},
        "deny",
        ["p/freeze"],
    ),
    "another deny beside it still denies": ((LOOK, FREEZE, DRAFT), BROKEN, "deny", ["p/draft"]),
    "two denies are overridden by both": (
        (FREEZE, FREEZE.replace("freeze |", "late |", 1)),
        BROKEN,
        "require",
        ["p/freeze+override", "p/late+override"],
    ),
    "broken glass is not asked where nothing denies": (
        (LOOK, FREEZE),
        {**BROKEN, "freeze__active": []},
        "require",
        ["p/look"],
    ),
    "an allow beside it allows nothing": (
        ("ok | true | allow: true", FREEZE),
        BROKEN,
        "require",
        ["p/freeze+override"],
    ),
    "what cannot be judged still denies": (
        (FREEZE, 'odd | request.inputs["x"] == "y" | allow: true'),
        BROKEN,
        "deny",
        ["p/odd"],
    ),
    "who may not ask may not break glass": (
        ("may_request: [sre]", LOOK, FREEZE),
        BROKEN,
        "deny",
        ["p/may_request"],
    ),
}


@pytest.mark.parametrize(("lines", "changed", "effect", "rules"), CASES.values(), ids=CASES.keys())
def test_broken_glass(lines: tuple[str, ...], changed: dict[str, Any], effect: str, rules: list[str]) -> None:
    head = "".join(f"{line}\n" for line in lines if " | " not in line)
    decision = decide(policies(p=head + gates(*(line for line in lines if " | " in line))), facts(**changed))
    assert decision.effect == effect
    assert [because.rule for because in decision.because] == rules


def broken(*lines: str, **bodies: str) -> RequireApproval:
    decision = decide(policies(p=gates(*lines), **bodies), facts(**BROKEN))
    assert isinstance(decision, RequireApproval)
    return decision


def test_every_requirement_holds_beside_it_and_asks_for_a_reason() -> None:
    look, override = broken(LOOK, FREEZE).requirements
    assert (look.rule, look.stage, look.reason) == ("p/look", "review", False)
    assert (override.rule, override.stage, override.reason) == ("p/freeze+override", "override", True)
    assert override.exclude == ("requester",)


def test_it_says_what_was_overridden_who_is_told_and_who_looks_at_it() -> None:
    decision = broken(LOOK, FREEZE)
    assert "The glass was broken: There is a freeze." in decision.because[1].why
    [glass] = decision.broken_glass
    assert (glass.rule, glass.notify, glass.review_by) == ("p/freeze", ("owners",), ("leads",))
    assert glass.review_within_s == 2 * 86_400


@pytest.mark.parametrize(
    ("head", "freeze", "lasts_s"),
    [
        ("grant_expires_after: 2h\n", FREEZE, 1800),
        ("grant_expires_after: 10m\n", FREEZE, 600),
        ("grant_expires_after: 2h\n", FREEZE.replace(", ttl: 30m", ""), 3600),
    ],
    ids=["its own time", "the policy's shorter time", "an hour at most"],
)
def test_what_it_permits_lasts_no_longer_than(head: str, freeze: str, lasts_s: int) -> None:
    decision = decide(policies(p=head + gates(LOOK, freeze)), facts(**BROKEN))
    assert isinstance(decision, RequireApproval)
    assert decision.grant_expires_after_s == lasts_s


def test_without_broken_glass_the_time_is_the_policys() -> None:
    decision = decide(policies(p="grant_expires_after: 2h\n" + gates(LOOK, FREEZE)), facts())
    assert isinstance(decision, RequireApproval)
    assert (decision.grant_expires_after_s, decision.broken_glass) == (7200, ())


def test_another_policys_deny_is_not_overridden() -> None:
    armed = policies(p=gates(LOOK, FREEZE), q=gates("no | size(freeze.active) > 0 | deny: No."))
    decision = decide(armed, facts(**BROKEN))
    assert isinstance(decision, Deny)
    assert [because.rule for because in decision.because] == ["q/no"]


def test_a_comment_in_a_condition_hides_none_of_it() -> None:
    commented = FREEZE.replace("> 0 |", "> 0 // it is late |")
    assert broken(commented).requirements[0].rule == "p/freeze+override"
    assert decide(policies(p=gates(commented)), facts(**FROZEN)).effect == "deny"
