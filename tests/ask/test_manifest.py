"""A manifest is read strictly: each mistake is found, at its place, with what would be right."""

# ruff: noqa: E501 — a table keeps one row a line

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.ask.lint import read
from bot.ask.manifest import Manifest, micros, seconds, whole
from bot.ask.reading import Finding, Unreadable
from bot.terms import Environment

from .conftest import DEPLOY, FILES

Change = Callable[..., dict[str, Any]]


def checked(data: Any) -> Manifest:
    return read(data, folder="deploy", runbook_name="deploy", files=FILES)


def test_a_good_manifest_reads_with_money_in_micros_and_time_in_seconds() -> None:
    manifest = checked(DEPLOY)
    assert manifest.cost.ceiling[Environment.PRODUCTION] == 500_000
    assert (manifest.plan[0].timeout, manifest.steps[0].timeout, manifest.limits.wall) == (30.0, 60.0, 300.0)
    assert list(manifest.inputs.properties) == ["service", "version", "replicas", "share", "drain", "note"]


@pytest.mark.parametrize(
    ("path", "new", "at", "message", "hint"),
    [
        pytest.param("plan/0/tiemout", "1s", "plan/0/tiemout", 'unknown key "tiemout"', "Did you mean timeout?", id="unknown key"),
        pytest.param("colour", 1, "colour", 'unknown key "colour"', "Known here: name, version,", id="no guess"),
        pytest.param("inputs/properties/version/patern", "x", "inputs/properties/version/patern", 'unknown key "patern"', "Did you mean pattern?", id="unknown schema keyword"),
        pytest.param("effects/read-only", True, "effects/read-only", 'unknown key "read-only"', "Did you mean read_only?", id="dash for underscore"),
        pytest.param("cost/ceiling", {}, "cost/ceiling", 'unknown key "ceiling"', "Did you mean ceiling_usd?", id="money without its unit"),
        pytest.param("done_when/checks/0/atleast", 1, "done_when/checks/0/atleast", 'unknown key "atleast"', "Did you mean at_least?", id="deep inside"),
        pytest.param("limits", ..., "", '"limits" is missing', "", id="missing"),
        pytest.param("inputs/additionalProperties", ..., "inputs", '"additionalProperties" is missing', "Write additionalProperties: false", id="open inputs"),
        pytest.param("inputs/additionalProperties", True, "inputs/additionalProperties", '"additionalProperties": should be false', "Write additionalProperties: false", id="explicitly open"),
        pytest.param("inputs/properties/note/description", ..., "inputs/properties/note", '"description" is missing', "", id="undescribed input"),
        pytest.param("plan/0/timeout", 30, "plan/0/timeout", '"timeout": a duration is a number and a unit', "", id="bare number"),
        pytest.param("plan/0/timeout", "0s", "plan/0/timeout", '"timeout": should be greater than 0', "", id="no time"),
        pytest.param("cost/ceiling_usd/staging", 0.1, "cost/ceiling_usd/staging", '"staging": money is dollars in quotes', '', id="money as a float"),
        pytest.param("plan/0/run", "python3 scripts/plan.py", "plan/0/run", '"run": should be a list', "Write the program and its arguments as a list", id="shell string"),
        pytest.param("limits/output_kb", "64", "limits/output_kb", '"output_kb": should be a whole number', "", id="text for a number"),
        pytest.param("effects/read_only", "yes", "effects/read_only", '"read_only": should be true or false', "", id="text for a boolean"),
        pytest.param("environments", [], "environments", '"environments": needs at least one', "", id="nowhere"),
        pytest.param("environments", ["staging", "mars"], "environments/1", 'item 2 of "environments": should be', "", id="no such environment"),
        pytest.param("version", "1.4", "version", '"version": a version has three numbers', "", id="version"),
        pytest.param("steps/0/repeat", "always", "steps/0/repeat", '"repeat": should be \'pure\'', "", id="repeat class"),
        pytest.param("done_when/checks/0/at_least", 1, "done_when/checks/0", 'item 1 of "checks": a check has at_least, at_most', "", id="two kinds of check"),
        pytest.param("cost/lines/0/p95", 1, "cost/lines/0", 'item 1 of "lines": p95 is what a bad run takes', "", id="p95 below p50"),
        pytest.param("name", "deploy-all", "name", '"deploy-all" is in the folder deploy', "Give both the same name.", id="folder"),
        pytest.param("inputs/required", ["service", "verison"], "inputs/required/1", 'there is no input "verison"', "Did you mean version?", id="required stranger"),
        pytest.param("inputs/properties/environment", {"type": "string", "description": "x"}, "inputs/properties/environment", "environment is said with `to`", "Remove", id="environment as input"),
        pytest.param("inputs/properties/version/pattern", "[0-9", "inputs/properties/version/pattern", "the pattern does not compile", "", id="pattern"),
        pytest.param("inputs/properties/replicas/pattern", "x", "inputs/properties/replicas/pattern", "a pattern is for text", "", id="pattern on a number"),
        pytest.param("inputs/properties/replicas/default", 99, "inputs/properties/replicas/default", "the default 99 is not a valid replicas", "", id="default out of bounds"),
        pytest.param("inputs/properties/service/default", "checkout", "inputs/properties/service/default", "service is required, so its default never counts", "", id="default of a required input"),
        pytest.param("inputs/properties/version/examples", ["1.4"], "inputs/properties/version/examples/0", "'1.4' is not a valid version itself", "", id="wrong example"),
        pytest.param("effects/lock", ..., "effects", '"lock" is missing', "", id="no lock"),
        pytest.param("effects/read_only", True, "steps/0/repeat", "a read-only skill has only pure steps", "Write repeat: pure", id="read-only that acts"),
        pytest.param("cost/ceiling_usd/staging", ..., "cost/ceiling_usd", "ceiling_usd says nothing for staging", "Add staging.", id="no ceiling"),
        pytest.param("effects/risk/production", ..., "effects/risk", "risk says nothing for production", "Add production.", id="no risk"),
        pytest.param("environments", ["staging", "development"], "cost/ceiling_usd/production", "production is not in environments", "", id="ceiling for nowhere"),
        pytest.param("environments", ["staging", "staging", "development", "production"], "environments", "an environment is listed twice", "", id="listed twice"),
        pytest.param("steps/0/undo", ..., "steps/0", "on_fail is undo, and switch has no undo", "Add undo", id="no undo"),
        pytest.param("steps/0/probe", ..., "steps/0", "switch is reconcilable without a probe", "Add a probe", id="no probe"),
        pytest.param("steps/0/repeat", "idempotent", "steps/0/probe", "nobody asks its probe", "Remove it.", id="probe for nobody"),
        pytest.param("steps/0/run/0", "pyhton3", "steps/0/run/0", "pyhton3 is not in permissions.exec", "Did you mean python3?", id="program not permitted"),
        pytest.param("plan/0/run/1", "scripts/paln.py", "plan/0/run/1", "there is no scripts/paln.py", "Did you mean scripts/plan.py?", id="no such script"),
        pytest.param("plan/0/run/1", "../deploy/x.py", "plan/0/run/1", "../deploy/x.py leaves the skill's folder", "", id="out of the folder"),
        pytest.param("plan/0/run/2", "${inputs.servce}", "plan/0/run/2", "nothing is known as ${inputs.servce}", "Did you mean inputs.service?", id="unknown substitution"),
        pytest.param("plan/0/run/2", "${plan.resolved.commit}", "plan/0/run/2", "nothing is known as ${plan.resolved.commit}", "", id="plan before the plan"),
        pytest.param("plan/0/run/2", "${idempotency_key}", "plan/0/run/2", "nothing is known as ${idempotency_key}", "", id="key in the plan"),
        pytest.param("plan/0/run/2", "${environment", "plan/0/run/2", "a ${ is never closed", "", id="never closed"),
        pytest.param("plan/0/run/2", "${inputs.note}", "plan/0/run/2", "${inputs.note} may have no value", "Make the input required", id="optional input"),
        pytest.param("effects/lock", "${plan.target.revision}", "effects/lock", "nothing is known as ${plan.target.revision}", "", id="lock from the plan"),
        pytest.param("steps/0/title", "${inputs.x}", "steps/0/title", "nothing is known as ${inputs.x}", "", id="title"),
        pytest.param("done_when/checks/0/equals", "${inputs.x}", "done_when/checks/0/equals", "nothing is known as ${inputs.x}", "", id="equals"),
    ],
)  # fmt: skip
def test_mistake(manifest_with: Change, path: str, new: object, at: str, message: str, hint: str) -> None:
    data = manifest_with(path, new)
    with pytest.raises(Unreadable) as unreadable:
        checked(data)
    where = tuple(int(part) if part.isdigit() else part for part in at.split("/") if part)
    found = [one for one in unreadable.value.findings if one.path == where and message in one.message]
    assert found, unreadable.value.findings
    assert hint in found[0].hint


def test_two_steps_have_two_ids(manifest_with: Change) -> None:
    with pytest.raises(Unreadable, match='two steps have the id "switch"'):
        checked(manifest_with("steps", DEPLOY["steps"] * 2))


def test_a_skill_is_not_called_like_a_word_of_the_command(manifest_with: Change) -> None:
    with pytest.raises(Unreadable, match='"status" is a word of the command itself'):
        read(manifest_with("name", "status"), folder="status", runbook_name="status", files=FILES)


def test_the_runbook_has_the_same_name() -> None:
    with pytest.raises(Unreadable) as unreadable:
        read(DEPLOY, folder="deploy", runbook_name="ship", files=FILES)
    assert unreadable.value.findings == (
        Finding(("name",), 'SKILL.md calls this skill "ship"', "Write name: deploy in SKILL.md."),
    )


@pytest.mark.parametrize("data", [None, [], "deploy", 3])
def test_a_document_that_is_no_mapping(data: object) -> None:
    with pytest.raises(Unreadable, match="the document should be"):
        checked(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.10", 100_000), ("0", 0), ("12", 12_000_000), ("0.000001", 1), ("1e2", 100_000_000)],
)
def test_money(text: str, expected: int) -> None:
    assert micros(text) == expected


@pytest.mark.parametrize(
    "text",
    ["0.0000001", "-1", "nan", "inf", "$1", "", " 1", "1_000", "+1", "1e999999999", 1, 0.1, None, True],
)
def test_no_money(text: object) -> None:
    with pytest.raises(ValueError, match="money is"):
        micros(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("30s", 30.0), ("5m", 300.0), ("1h", 3600.0), ("250ms", 0.25)]
)
def test_duration(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["30", "s", "-1s", "5 m", "1h30m", 30, None, True])
def test_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="a duration is"):
        seconds(text)


def test_a_pattern_means_all_of_the_value_and_keeps_an_escaped_backslash() -> None:
    assert whole(r"\A[0-9]\z") == r"\A(?a:\A[0-9]\Z)\Z"
    assert whole(r"a\\z") == r"\A(?a:a\\z)\Z"
