"""The forty gates of the comparison: worth comparing, and the same in every engine."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.engines import Assent, Cedar, Engine, Rego, cedar, cel, rego
from benchmarks.forty import GATES, Clause, Verdict, requests
from benchmarks.peers import agree, installed
from benchmarks.town import Broken

REQUESTS = requests(400)
OURS = Assent(GATES)


def test_forty_gates_that_all_speak_and_verdicts_that_are_all_common() -> None:
    said = [OURS.verdict(OURS.question(request)()) for request in REQUESTS]
    assert len(GATES) == 40
    assert {gate.id for gate in GATES} == {gate for verdict in said for gate in verdict.gates}
    assert min(Counter(verdict.effect for verdict in said).values()) > 30
    assert Verdict("deny", frozenset()) in said, "silence is a verdict too"


def test_the_requests_are_the_same_ones_every_time() -> None:
    assert requests(50) == REQUESTS[:50]
    assert requests(50, seed=41) != REQUESTS[:50]


@pytest.mark.parametrize(("library", "peer"), [("cedarpy", Cedar), ("regopy", Rego)])
def test_a_peer_says_the_same_of_every_request(library: str, peer: type[Engine]) -> None:
    pytest.importorskip(library, reason="uv sync --group bench")
    agree([OURS, peer(GATES)], REQUESTS)  # type: ignore[call-arg]


def test_one_that_says_otherwise_stops_the_comparison() -> None:
    lenient = Assent([gate for gate in GATES if gate.id != "freeze"])
    with pytest.raises(Broken, match=r"do not agree: .* says deny by .*'freeze'"):
        agree([OURS, lenient], REQUESTS)


def test_what_is_not_installed_is_named() -> None:
    peers, missing = installed()
    assert sorted([*(peer.library for peer in peers), *missing]) == ["cedarpy", "regopy"]


@pytest.mark.parametrize(
    ("clause", "in_cel", "in_cedar", "in_rego"),
    [
        pytest.param(
            Clause("request.ceiling_usd", "below", 0.5),
            "request.ceiling_usd < 0.5",
            "context.request.ceiling_usd < 500000",
            "input.request.ceiling_usd < 0.5",
            id="money",
        ),
        pytest.param(
            Clause("actor.groups", "lacks", "sre"),
            '!("sre" in actor.groups)',
            '!context.actor.groups.contains("sre")',
            'not "sre" in input.actor.groups',
            id="a list without",
        ),
        pytest.param(
            Clause("request.ceiling_usd", "past", "budget.left_usd"),
            "request.ceiling_usd > budget.left_usd",
            "context.request.ceiling_usd > context.budget.left_usd",
            "input.request.ceiling_usd > input.budget.left_usd",
            id="another fact",
        ),
    ],
)
def test_a_clause_is_said_in_each_language(clause: Clause, in_cel: str, in_cedar: str, in_rego: str) -> None:
    assert (cel(clause), cedar(clause), rego(clause)) == (in_cel, in_cedar, in_rego)
