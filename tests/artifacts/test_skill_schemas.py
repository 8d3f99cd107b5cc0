"""What an editor is told about the files of a skill is what the loader does."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft7Validator

from bot.artifacts import skill_schemas, yaml_marks
from bot.artifacts.scaffolding import scaffold
from bot.artifacts.skill_schemas import Document
from tests.ask.test_kinds import put, whole

ROOT = Path(__file__).parents[2]
KINDS: tuple[Document, ...] = get_args(Document)
MANIFESTS = sorted([*ROOT.glob("skills/*/skill.yaml"), *ROOT.glob("examples/skills/*/skill.yaml")])
CASES = sorted([*ROOT.glob("skills/*/tests/cases.yaml"), *ROOT.glob("examples/skills/*/tests/cases.yaml")])
REGENERATE = "Run: for kind in skill cases lint revoked; do assent skills schema $kind > docs/schemas/$kind.schema.json; done"  # noqa: E501


@cache
def validator(kind: Document) -> Draft7Validator:
    return Draft7Validator(skill_schemas.schema(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_is_what_would_be_printed(kind: Document) -> None:
    kept = ROOT / "docs" / "schemas" / f"{kind}.schema.json"
    assert kept.read_text(encoding="utf-8") == skill_schemas.text(kind), REGENERATE


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_schema_that_editors_know(kind: Document) -> None:
    Draft7Validator.check_schema(json.loads(skill_schemas.text(kind)))


@pytest.mark.parametrize("path", [*MANIFESTS, *CASES], ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_the_shipped_files_fit(path: Path) -> None:
    kind: Document = "cases" if path.name == "cases.yaml" else "skill"
    validator(kind).validate(yaml_marks.load(path)[0])


def test_a_new_skill_and_one_with_every_key_fit(tmp_path: Path) -> None:
    scaffold(tmp_path, "set-flag", owner="@platform")
    validator("skill").validate(yaml_marks.load(tmp_path / "set-flag" / "skill.yaml")[0])
    validator("cases").validate(yaml_marks.load(tmp_path / "set-flag" / "tests" / "cases.yaml")[0])
    validator("skill").validate(whole())


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("colour", 1),
        ("version", "1.4"),
        ("plan/0/timeout", 30),
        ("plan/0/run", "python3 x.py"),
        ("cost/ceiling_usd/staging", 0.1),
        ("steps/0/repeat", "always"),
        ("steps/1/run", ["python3"]),
        ("steps/1/http/method", "TRACE"),
        ("steps/2/undo", {"ask": {"question": "x"}}),
        ("permissions/hosts/0", "https://api.acme.test"),
        ("permissions/secrets/token/from", "hunter2"),
        ("inputs/additionalProperties", True),
        ("environments", ["mars"]),
    ],
)
def test_a_mistake_of_shape_does_not_fit(path: str, new: object) -> None:
    assert not validator("skill").is_valid(put(whole(), path, new))


def test_an_editor_is_told_what_a_key_is_for() -> None:
    shape = skill_schemas.schema("skill")
    assert "routing only" in shape["properties"]["not_for"]["description"]
    assert "Deny by default" in shape["definitions"]["Permissions"]["description"] or shape["definitions"][
        "Permissions"
    ]["description"].startswith("`exec`")
