"""`assent skills replay`: recorded requests under a version of their skill that was not there yet."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from redis import Redis


@pytest.fixture
def newer(artifacts: dict[str, str], tmp_path: Path) -> Path:
    """The skill deploy in a folder of its own, to be changed."""
    shutil.copytree(Path(artifacts["ASSENT_SKILLS"]) / "deploy", tmp_path / "newer" / "deploy")
    return tmp_path / "newer" / "deploy" / "skill.yaml"


Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def replayed(assent, artifacts, asked: str, newer: Path, redis_url: str):
    def run(edit: Edit) -> tuple[int, dict[str, Any]]:
        data = yaml.safe_load(newer.read_text())
        edit(data)
        newer.write_text(yaml.safe_dump(data, sort_keys=False))
        env = artifacts | {"REDIS_URL": redis_url}
        ran = assent("skills", "replay", "deploy", "--with", str(newer.parent), "--json", env=env)
        assert ran.out, ran.err
        [row] = json.loads(ran.out)["requests"]
        assert row["request"] == asked
        return ran.code, row

    return run


def test_what_would_be_the_same_is_said_to_be(replayed) -> None:
    code, row = replayed(lambda data: data.update(version="1.0.1"))
    assert (code, row["good"], row["refused"], row["stopped"], row["decision"]) == (0, True, "", [], "same")


def fewer_choices(data: dict[str, Any]) -> None:
    data["inputs"]["properties"]["service"]["enum"] = ["payments"]


def one_input_more(data: dict[str, Any]) -> None:
    data["inputs"]["properties"]["why"] = {"type": "string", "description": "Why"}
    data["inputs"]["required"].append("why")


def elsewhere(data: dict[str, Any]) -> None:
    data["environments"] = ["production"]
    for table in (data["effects"]["risk"], data["cost"]["ceiling_usd"]):
        del table["development"], table["staging"]


@pytest.mark.parametrize(
    ("edit", "said"),
    [(fewer_choices, "service"), (one_input_more, "why"), (elsewhere, "does not run in staging")],
)
def test_what_could_not_be_asked_for_any_more_is_refused(replayed, edit: Edit, said: str) -> None:
    code, row = replayed(edit)
    assert (code, row["good"]) == (1, False)
    assert said in row["refused"]


def test_an_input_that_is_gone_is_named(replayed, newer: Path) -> None:
    newer.write_text(newer.read_text().replace("${inputs.version}", "${inputs.release}"))

    def edit(data: dict[str, Any]) -> None:
        data["inputs"]["properties"]["release"] = data["inputs"]["properties"].pop("version")
        data["inputs"]["required"] = ["service", "release"]

    assert replayed(edit)[1]["refused"] == "deploy has no input version any more."


def test_a_version_that_fewer_people_would_be_asked_about_comes_out_worse(replayed) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["effects"]["read_only"] = True
        data["on_fail"] = "stop"
        for step in data["steps"]:
            step["repeat"] = "pure"
            step.pop("undo", None)
            step.pop("probe", None)

    code, row = replayed(edit)
    assert (code, row["decision"], row["effect"]) == (1, "looser", "allow")


def test_nothing_is_written_by_looking(replayed, redis_url: str) -> None:
    def keys() -> dict[str, bytes | None]:
        with Redis.from_url(redis_url) as client:
            return {key: client.dump(key) for key in sorted(client.scan_iter())}

    before = keys()
    replayed(lambda data: data.update(version="1.0.1"))
    assert keys() == before


def test_people_read_it_in_sentences(assent, artifacts, asked: str, redis_url: str) -> None:
    env = artifacts | {"REDIS_URL": redis_url}
    ran = assent("skills", "replay", "deploy", env=env)
    assert ran.code == 0
    assert f"{asked} /assent deploy service=checkout version=1.4.2 to staging (1.0.0, waiting)" in ran.out
    assert "none of them would come out worse" in ran.err
    other = assent("skills", "replay", "service-status", env=env)
    assert (other.code, "no recorded request" in other.err) == (0, True)


def test_what_is_nowhere_cannot_be_replayed(
    assent, artifacts, asked: str, redis_url: str, tmp_path: Path
) -> None:
    env = artifacts | {"REDIS_URL": redis_url}
    (tmp_path / "empty").mkdir()
    ran = assent("skills", "replay", "deploy", "--with", str(tmp_path / "empty"), env=env)
    assert (ran.code, "There is no deploy in" in ran.err) == (2, True)
