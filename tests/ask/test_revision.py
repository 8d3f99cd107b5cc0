"""How far a version must move, computed from what the manifest declares: a table of single changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.ask.manifest import Manifest
from bot.ask.reading import read_as
from bot.ask.revision import manifest_differences, needed
from bot.ask.versions import Level, declared, least

SHIPPED = Path(__file__).parents[2] / "skills" / "deploy" / "skill.yaml"
MAJOR, MINOR, PATCH, NONE = Level.MAJOR, Level.MINOR, Level.PATCH, Level.NONE
OPTIONAL = {"type": "string", "description": "Why"}


def manifest(**changes: Any) -> Manifest:
    """The shipped one, with values at dotted paths put in; None takes a key out."""
    data = yaml.safe_load(SHIPPED.read_text())
    for path, value in changes.items():
        *parents, key = path.split("__")
        at = data
        for name in parents:
            at = at[int(name)] if isinstance(at, list) else at[name]
        if value is None:
            del at[key]
        else:
            at[int(key) if isinstance(at, list) else key] = value
    return read_as(Manifest, data)


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        pytest.param({}, NONE, id="nothing"),
        pytest.param({"summary": "Other words."}, NONE, id="prose is left to the files"),
        pytest.param({"permissions__exec": ["python3", "git"]}, MAJOR, id="a program more"),
        pytest.param({"permissions__env": []}, MINOR, id="a variable less"),
        pytest.param({"permissions__hosts": ["api.acme.test"]}, MAJOR, id="a host more"),
        pytest.param({"permissions__verbs": ["github:pulls:write"]}, MAJOR, id="a verb more"),
        pytest.param({"permissions__files": {"read": ["/etc/acme"]}}, MAJOR, id="a place more"),
        pytest.param(
            {"permissions__secrets": {"token": {"from": "env:TOKEN", "steps": ["stage"]}}},
            MAJOR,
            id="a secret",
        ),
        pytest.param({"approval": {"people": 2}}, MINOR, id="a floor raised"),
        pytest.param({"approval": {"groups": ["platform"]}}, MINOR, id="a group that must answer"),
        pytest.param(
            {"preconditions": [{"id": "quiet", "title": "Quiet", "run": ["python3"], "timeout": "1s"}]},
            MINOR,
            id="a precondition more",
        ),
        pytest.param({"on_cancel": "stop"}, MAJOR, id="a Stop that undoes nothing any more"),
        pytest.param({"audit": {"redact": ["service"]}}, MAJOR, id="the audit has less"),
        pytest.param({"evidence": ["stage"]}, MINOR, id="more is kept"),
        pytest.param({"inputs__properties__why": OPTIONAL}, MINOR, id="a new optional input"),
        pytest.param(
            {"inputs__properties__why": OPTIONAL, "inputs__required": ["service", "version", "why"]},
            MAJOR,
            id="a new required input",
        ),
        pytest.param({"inputs__required": ["service"]}, MINOR, id="an input no longer required"),
        pytest.param(
            {"inputs__properties__version": None, "inputs__required": ["service"]},
            MAJOR,
            id="an input gone",
        ),
        pytest.param(
            {"inputs__properties__service__enum": ["checkout", "payments", "search"]},
            MINOR,
            id="a choice more",
        ),
        pytest.param({"inputs__properties__service__enum": ["checkout"]}, MAJOR, id="a choice less"),
        pytest.param({"inputs__properties__service__enum": None}, MINOR, id="any choice"),
        pytest.param({"inputs__properties__version__maxLength": 16}, MAJOR, id="a narrower bound"),
        pytest.param({"inputs__properties__version__maxLength": 64}, MINOR, id="a wider bound"),
        pytest.param({"effects__risk__production": 70}, MAJOR, id="risk raised"),
        pytest.param({"effects__risk__production": 10}, MAJOR, id="risk lowered, so fewer are asked"),
        pytest.param({"effects__destructive": True}, MAJOR, id="destructive"),
        pytest.param({"effects__blast_radius": "everything"}, PATCH, id="the radius told otherwise"),
        pytest.param({"cost__ceiling_usd__production": "5"}, MAJOR, id="a higher ceiling"),
        pytest.param({"cost__ceiling_usd__production": "0.2"}, MINOR, id="a lower ceiling"),
        pytest.param({"steps__0__undo": None}, MAJOR, id="an undo gone"),
        pytest.param({"on_fail": "stop"}, MAJOR, id="nothing is undone any more"),
        pytest.param({"steps__0__repeat": "pure"}, MAJOR, id="a step that may be repeated more boldly"),
        pytest.param({"steps__0__repeat": "at_most_once"}, MINOR, id="a step repeated more carefully"),
        pytest.param({"steps__0__timeout": "90s"}, PATCH, id="more time"),
        pytest.param({"steps__3__id": "watch"}, MAJOR, id="a step replaced"),
        pytest.param({"done_when__checks__1__at_most": 0.5}, MAJOR, id="done means less"),
        pytest.param({"done_when__checks__1__at_most": 0.001}, MINOR, id="done means more"),
        pytest.param({"done_when__no_data": "unknown"}, MAJOR, id="no data is no failure any more"),
        pytest.param({"limits__wall": "10m"}, MINOR, id="other limits"),
        pytest.param({"lifecycle": "deprecated"}, MINOR, id="deprecated"),
    ],
)
def test_one_change_needs(changes: dict[str, Any], level: Level) -> None:
    found = list(manifest_differences(manifest(), manifest(**changes)))
    assert needed(found) == level, found


ASK = {
    "question": "Go on?",
    "choices": ["Yes", "No", "Later"],
    "stop_on": ["No"],
    "who": ["release"],
    "exclude": ["requester"],
}


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        pytest.param({}, NONE, id="nothing"),
        pytest.param({"question": "Go on now?"}, MINOR, id="other words"),
        pytest.param({"who": ["release", "sre"]}, MAJOR, id="others may answer too"),
        pytest.param({"exclude": []}, MAJOR, id="and whoever asked for the run"),
        pytest.param({"stop_on": []}, MAJOR, id="nothing stops it any more"),
        pytest.param({"stop_on": ["No", "Later"]}, MINOR, id="more stops it"),
    ],
)
def test_a_change_of_a_question_needs(changes: dict[str, Any], level: Level) -> None:
    step = {"id": "sure", "title": "Ask", "timeout": "1h", "repeat": "pure"}

    def asking(question: dict[str, Any]) -> Manifest:
        steps = yaml.safe_load(SHIPPED.read_text())["steps"]
        return manifest(steps=[*steps, {**step, "ask": question}])

    found = manifest_differences(asking(ASK), asking(ASK | changes))
    assert needed(found) is level


def test_the_weightiest_change_decides() -> None:
    changed = manifest(effects__blast_radius="x", effects__risk__production=99)
    assert needed(manifest_differences(manifest(), changed)) == MAJOR


@pytest.mark.parametrize(
    ("then", "now", "level"),
    [
        ("1.4.2", "1.4.2", NONE),
        ("1.4.2", "1.4.10", PATCH),
        ("1.4.2", "1.5.0", MINOR),
        ("1.4.2", "2.0.0", MAJOR),
        ("1.4.2", "1.4.1", None),
        ("2.0.0-rc1", "2.0.0", PATCH),
    ],
)
def test_a_version_moved_by(then: str, now: str, level: Level | None) -> None:
    assert declared(then, now) == level


def test_the_least_version_that_says_enough() -> None:
    assert [least("1.4.2", level) for level in Level] == ["1.4.2", "1.4.3", "1.5.0", "2.0.0"]
