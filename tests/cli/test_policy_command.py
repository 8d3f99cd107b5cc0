"""`assent policy`: what keeps a policy from loading, and what its own table says."""

from __future__ import annotations

import json
from pathlib import Path


def test_a_policy_that_loads_has_no_findings(assent, artifacts) -> None:
    assert assent("policy", "check", env=artifacts).code == 0


def test_a_finding_has_its_place_and_nothing_is_armed(assent, artifacts) -> None:
    policy = Path(artifacts["ASSENT_POLICIES"]) / "simple.yaml"
    policy.write_text(policy.read_text().replace("why: somebody", "whi: somebody"))
    ran = assent("policy", "check", "--json", env=artifacts)
    assert ran.code == 1
    assert "simple.yaml" in json.loads(ran.out)[0]["file"]
    assert "no policy is armed" in assent("policy", "check", env=artifacts).err
    assert assent("policy", "test", env=artifacts).code == 2


def test_a_table_that_comes_out_as_it_says_is_good(assent, artifacts) -> None:
    ran = assent("policy", "test", "--json", env=artifacts)
    assert ran.code == 0, ran.err
    assert [(row["row"], row["passed"]) for row in json.loads(ran.out)] == [
        ("reading", True),
        ("a change", True),
    ]


def test_a_table_that_comes_out_otherwise_names_the_row(assent, artifacts) -> None:
    policy = Path(artifacts["ASSENT_POLICIES"]) / "simple.yaml"
    policy.write_text(policy.read_text().replace("require, [change], 1", "allow, [change], 0"))
    ran = assent("policy", "test", env=artifacts)
    assert ran.code == 1
    assert "a change WRONG expected allow by change; got require by change, 1 person" in ran.said


def test_a_schema_is_printed_as_it_is_kept(assent) -> None:
    kept = Path(__file__).parents[2] / "docs" / "schemas"
    for kind in ("policy", "people", "prices"):
        assert assent("policy", "schema", kind).out == (kept / f"{kind}.schema.json").read_text(
            encoding="utf-8"
        )
    assert assent("policy", "schema").out == assent("policy", "schema", "policy").out
    assert "people" in assent("policy", "schema", "person").err


def test_a_warning_is_shown_and_keeps_nothing_from_loading(assent, artifacts) -> None:
    folder = Path(artifacts["ASSENT_POLICIES"])
    people = folder / "people.yaml"
    people.write_text(people.read_text().replace("[alice, bob]", "[alice]"))
    ran = assent("policy", "check", env=artifacts)
    assert ran.code == 0
    assert "warning: its-policies/simple.yaml:15:5: nobody could approve change when alice asks" in ran.out
    assert "No findings. 1 warning." in ran.err
    [one] = json.loads(assent("policy", "check", "--json", env=artifacts).out)
    assert (one["level"], one["line"]) == ("warning", 15)


def test_a_review_that_is_overdue_is_a_warning_too(assent, artifacts) -> None:
    policy = Path(artifacts["ASSENT_POLICIES"]) / "simple.yaml"
    policy.write_text(policy.read_text().replace("version: 1", "version: 1\nreview_by: 2020-01-01"))
    ran = assent("policy", "check", env=artifacts)
    assert (ran.code, "overdue" in ran.out) == (0, True)
    policy.write_text(policy.read_text().replace("2020-01-01", "soon"))
    ran = assent("policy", "check", env=artifacts)
    assert ran.code == 1
    assert "review_by" in ran.out


def test_an_override_and_a_record_that_no_row_shows_are_named(assent, artifacts) -> None:
    policy = Path(artifacts["ASSENT_POLICIES"]) / "simple.yaml"
    glass = "override: {all_of: [{group: release}], notify: [release], review_by: [release]}"
    gate = f"  - {{id: no, why: w, when: size(freeze.active) > 0, deny: No, {glass}}}\nbudgets:"
    policy.write_text(policy.read_text().replace("budgets:", gate))
    ran = assent("policy", "test", env=artifacts)
    assert "simple: the override of no matched in no row" in ran.err


def test_a_folder_without_any_policy_is_a_finding(assent, artifacts, tmp_path) -> None:
    (tmp_path / "nothing").mkdir()
    ran = assent("policy", "check", "--json", env={**artifacts, "ASSENT_POLICIES": str(tmp_path / "nothing")})
    assert ran.code == 1
    [one] = json.loads(ran.out)
    assert (one["message"], one["level"]) == ("there is no policy", "error")


def test_a_folder_that_is_not_there_is_said_to_be_so(assent, artifacts, tmp_path) -> None:
    """What is no folder may be a revision, but not where there is no git."""
    ran = assent("policy", "diff", str(tmp_path / "away"), artifacts["ASSENT_POLICIES"], env=artifacts)
    assert ran.code == 2
    assert f"There is no folder {tmp_path / 'away'}" in ran.err
