"""`assent policy prove`: a table to read, a document for programs, and an exit code for CI."""

from __future__ import annotations

import json
from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "policies"
CLAIM = "invariants:\n  - {id: somebody-looks, given: 'true', min_people: 1}\n"


def claim(artifacts: dict[str, str], text: str) -> None:
    policy = Path(artifacts["ASSENT_POLICIES"]) / "simple.yaml"
    policy.write_text(policy.read_text() + text)


def test_the_shipped_policies_are_proved(assent) -> None:
    ran = assent("policy", "prove", env={"ASSENT_POLICIES": str(SHIPPED)})
    assert ran.code == 0, ran.said
    assert "two-people-in-production PROVED for all" in ran.said
    assert "some requests match no gate and are denied" in ran.err


def test_a_claim_that_does_not_hold_shows_the_request(assent, artifacts) -> None:
    claim(artifacts, CLAIM)
    ran = assent("policy", "prove", env=artifacts)
    assert ran.code == 1
    assert "somebody-looks REFUTED it is allowed by simple/read" in ran.said
    assert 'simple/somebody-looks does not hold for this request: request.mode: "read_only"' in ran.said


def test_a_program_reads_the_same(assent, artifacts) -> None:
    claim(artifacts, CLAIM)
    ran = assent("policy", "prove", "--json", env=artifacts)
    assert ran.code == 1
    said = json.loads(ran.out)
    [verdict] = said["invariants"]
    assert (said["proved"], verdict["answer"]) == (False, "REFUTED")
    assert verdict["example"]["decision"] == "allow"
    assert verdict["example"]["because"] == ["simple/read"]
    assert verdict["example"]["facts"]["request.mode"] == "read_only"
    assert (said["dead_gates"], said["shadowed_gates"], said["silent"]) == ([], [], [])


def test_dead_and_shadowed_gates_are_told_beside(assent, artifacts) -> None:
    policy = Path(artifacts["ASSENT_POLICIES"]) / "simple.yaml"
    gate = "  - {{id: {}, why: none, when: {}, allow: true}}\n"
    more = gate.format("never", "request.risk > 50 && request.risk < 40")
    more += gate.format("again", "'request.mode == \"read_only\" && request.risk < 5'")
    policy.write_text(policy.read_text().replace("budgets:\n", more + "budgets:\n"))
    ran = assent("policy", "prove", env=artifacts)
    assert ran.code == 0
    assert "No policy has invariants." in ran.err
    assert "simple/never matches no request" in ran.err
    assert "simple/again changes no decision" in ran.err


def test_policies_that_do_not_load_prove_nothing(assent, artifacts) -> None:
    claim(artifacts, CLAIM.replace("min_people", "min_poeple"))
    ran = assent("policy", "prove", env=artifacts)
    assert ran.code == 2
    assert "Did you mean min_people?" in ran.err
