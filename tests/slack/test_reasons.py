"""Why it was decided so, in words that somebody can act on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.assess.policy import Policies
from bot.authorize.explanation import Explanation, explain
from bot.authorize.people import Undetermined
from bot.authorize.seating import Members
from bot.slack.answers import WHOLE_ANSWER, why
from bot.slack.cards import reasons
from bot.slack.explaining import Explained, Explaining
from bot.terms import Group, Principal
from tests.assess.writing import facts, gates, policies

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
MEMBERS: Members = {
    Group("owners"): frozenset({Principal("alice"), Principal("bob"), Principal("erin")}),
    Group("sre"): frozenset({Principal("dave")}),
}
TWO = "two | true | require: {all_of: [{group: owners}, {group: sre}]}"
FREEZE = """\
freeze | size(freeze.active) > 0 | deny: There is a freeze.
    override: {all_of: [{group: sre}], notify: [owners], review_by: [leads], ttl: 30m}"""
EARNED = """\
look | !request.destructive | require: {all_of: [{group: owners}]}
    earned: {runs: 40, success_lb: 0.9, cool_down_days: 14}"""


def found(armed: Policies, person: str | None = None, **changed: object) -> Explanation:
    whom = Principal(person) if person else None
    return explain(facts(**changed), armed, members=MEMBERS, now=NOON, person=whom)


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("bob", "You may approve this now, for review; then still needed: @sre."),
        ("alice", "You cannot approve this now. You asked for this"),
        ("carol", "You cannot approve this now. An answer to this must come from @owners or @sre"),
        (None, ""),
    ],
)
def test_whoever_looks_is_told_what_their_yes_would_do(person: str | None, words: str) -> None:
    said = reasons.yours(found(policies(p=gates(TWO)), person))
    assert said.startswith(words)
    assert bool(said) == bool(words)


def test_who_could_say_yes_and_what_it_completes() -> None:
    assert reasons.could(found(policies(p=gates(TWO)))) == [
        "• bob, for review; then still needed: @sre",
        "• dave, for review; then still needed: @owners",
        "• erin, for review; then still needed: @sre",
    ]


def test_who_cannot_be_asked_about_is_said_and_not_guessed() -> None:
    told = explain(facts(), policies(p=gates(TWO)), members={}, now=NOON)
    assert reasons.could(told) == [
        "❔ whoever is in @owners: nobody could say now who that is",
        "❔ whoever is in @sre: nobody could say now who that is",
    ]


def test_that_nobody_is_left_is_said_aloud() -> None:
    nobody = {group: frozenset[Principal]() for group in MEMBERS}
    told = explain(facts(), policies(p=gates(TWO)), members=nobody, now=NOON)
    assert reasons.could(told) == [
        "⚠️ Nobody could say yes now: their groups have nobody left who may answer."
    ]


def test_gates_say_what_applied_and_the_part_that_was_not_so() -> None:
    body = "let: {frozen: size(freeze.active) > 0}\n" + gates(TWO, "no | frozen && true | deny: No.", FREEZE)
    asks, no, freeze = reasons.gates(found(policies(p=body)))
    assert asks.startswith("✓ `p/two` asks: ")
    assert no == (
        "◦ `p/no` would deny, but this is not so: `frozen: size(freeze.active) &gt; 0 (freeze.active is [])`"
    )
    assert freeze.startswith("◦ `p/freeze` would deny, but this is not so:")


def test_gates_kept_out_by_the_same_part_share_a_line() -> None:
    lets = 'let: {only_reads: request.mode == "read_only"}\n'
    same = gates(TWO, "look | only_reads | allow: true", "dear | only_reads && request.risk > 5 | deny: No.")
    _, both = reasons.gates(found(policies(p=lets + same)))
    assert both.startswith("◦ `p/look` would allow, `p/dear` would deny, but this is not so: `only_reads:")


def test_what_an_override_would_take_is_ready_to_type() -> None:
    told = reasons.remedies(found(policies(p=gates(TWO, FREEZE)), freeze__active=["weekend"]))
    assert told == [
        "• `p/freeze` can be overridden by @sre: ask again with "
        '`break_glass=yes incident=INC-42 reason="…"`. It must begin within 30 min; @owners is told, '
        "@leads reviews it.",
        "  with the glass broken: asks for a yes from @owners and @sre and @sre, by `p/two`, "
        "`p/freeze, overridden`",
    ]


def test_what_a_record_is_short_of() -> None:
    told = reasons.remedies(found(policies(p=gates(EARNED)), evidence__runs=38, evidence__success_lb=0.95,
        evidence__digest_runs=5, evidence__failures_30d=0, evidence__days_since_failure=3650,
        evidence__draw=0.5))  # fmt: skip
    assert told == ["• `p/look` would ask nobody for a better record: 38 of 40 runs"]


def test_text_of_a_request_cannot_ping_out_of_an_explanation() -> None:
    loud = 'no | request.reason != "" | deny: No.'
    [line] = reasons.gates(found(policies(p=gates(loud)), request__reason="<!channel> `x`"))
    assert "<!channel>" not in line
    assert "&lt;!channel&gt; ˋxˋ" in line


def test_an_answer_fits_into_a_message_and_says_what_it_leaves_out(
    a_request: Any, an_assessment: Any
) -> None:
    many = policies(p=gates(TWO, *(f"g{i} | request.risk > {i + 39} | deny: No {i}." for i in range(60))))
    judged = an_assessment(facts=facts().named(), policy="p 1")
    text = why(a_request(assessment=judged), Explained(found(many, "bob"), True, True))
    assert len(text) <= WHOLE_ANSWER
    assert "👤 You may approve this now" in text
    assert " more" in text.splitlines()[-1]


class Directory:
    """Knows the owners; nobody can be asked about anybody else."""

    async def members(self, group: Group) -> frozenset[Principal]:
        if group != "release":
            raise Undetermined("Slack does not answer.")
        return frozenset({Principal("bob")})


@pytest.mark.parametrize(
    ("armed", "line"),
    [
        pytest.param(policies(p=gates(TWO)), "Gates, as the policies are now", id="changed since"),
        pytest.param(Policies(problems=("broken",)), "do not load now", id="broken"),  # type: ignore[arg-type]
    ],
)
async def test_gates_of_other_policies_are_not_passed_off_as_those_that_decided(
    armed: Policies, line: str, a_request: Any, an_assessment: Any
) -> None:
    request = a_request(assessment=an_assessment(facts=facts().named()), missing=("2 × @release",))
    explained = await Explaining(lambda: armed, Directory()).of(request, Principal("bob"))  # type: ignore[arg-type]
    assert line in why(request, explained)


async def test_what_another_release_judged_is_said_to_be_that(a_request: Any, an_assessment: Any) -> None:
    request = a_request(assessment=an_assessment(facts={"moon.phase": "full"}))
    explained = await Explaining(lambda: policies(p=gates(TWO)), Directory()).of(request, None)  # type: ignore[arg-type]
    assert "judged by another release" in why(request, explained)
