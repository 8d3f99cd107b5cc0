"""A policies folder: one file that does not load arms nothing, and every problem is said at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.artifacts import Artifacts

from .conftest import age

Edit = Callable[[Path, str, str], None]

POLICY = """\
policy: greetings
version: 1
owner: "@platform"
purpose: Who may greet.
applies_to: [hello]
gates:
  - id: G1-dev
    why: Development is for trying things.
    when: request.environment == "development"
    allow: true
"""


@pytest.fixture
def artifacts(skills: Path, policies: Path) -> Artifacts:
    (policies / "greetings.yaml").write_text(POLICY)
    return Artifacts(skills, policies)


def problems(artifacts: Artifacts) -> list[str]:
    return [str(one) for one in artifacts.policies().problems]


def test_a_good_policy_is_armed(artifacts: Artifacts) -> None:
    assert problems(artifacts) == []
    assert [policy.name for policy in artifacts.policies().for_skill("hello")] == ["greetings"]


def test_one_broken_file_disarms_all_and_mending_it_arms_again(
    artifacts: Artifacts, policies: Path, edited: Edit
) -> None:
    broken = policies / "other.yaml"
    broken.write_text(POLICY.replace("greetings", "other").replace("when:", "wehn:"))
    assert problems(artifacts) == [
        'policies/other.yaml:7:5: "when" is missing',
        'policies/other.yaml:9:5: unknown key "wehn". Did you mean when?',
    ]
    assert artifacts.policies().for_skill("hello") == ()
    assert [str(one) for one in artifacts.problems if one.file.startswith("policies")] == problems(artifacts)
    edited(broken, "wehn:", "when:")
    edited(broken, "[hello]", "[bye]")
    assert problems(artifacts) == []


def test_a_key_written_twice_is_a_problem_of_its_file(artifacts: Artifacts, policies: Path) -> None:
    (policies / "twice.yaml").write_text("policy: a\npolicy: b\n")
    (policies / "bad.yml").write_text("policy: [")
    assert problems(artifacts) == [
        "policies/bad.yml:1:10: expected the node content, but found '<stream end>'",
        'policies/twice.yaml:2:1: the key "policy" is here twice. Keep one; the other is in line 1.',
    ]


def test_a_file_that_cannot_be_read_is_not_one_rule_fewer(artifacts: Artifacts, policies: Path) -> None:
    (policies / "gone.yaml").symlink_to(policies / "nowhere")
    assert problems(artifacts) == ["policies/gone.yaml:1:1: it cannot be read: No such file or directory"]
    assert artifacts.policies().for_skill("hello") == ()


def test_an_edit_is_seen_and_nothing_is_read_again_without_one(
    artifacts: Artifacts, policies: Path, edited: Edit
) -> None:
    age(policies)
    first = artifacts.policies()
    assert artifacts.policies() is first
    edited(policies / "greetings.yaml", "version: 1", "version: 2")
    assert artifacts.policies().digest != first.digest


def test_a_folder_without_policies_arms_nothing(skills: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert problems(Artifacts(skills, tmp_path / "empty"))
    assert problems(Artifacts(skills, tmp_path / "none")) == [
        "none:1:1: there is no such folder. Set ASSENT_POLICIES."
    ]
