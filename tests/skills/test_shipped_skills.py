"""Every skill that ships keeps the rules it will be held to."""

from __future__ import annotations

import ast
import shutil
import sys
from pathlib import Path

import pytest
from hosting import EXAMPLES, ROOT, read_manifest, skill_folder

from bot.artifacts import Artifacts, lock

SHIPPED = sorted(file.parent.name for file in ROOT.glob("skills/*/skill.yaml"))
FOR_PLATFORMS = sorted(file.parent.name for file in EXAMPLES.glob("*/skill.yaml"))
SHARED = ["target.py", "traffic.py", "script.py", "promql.py"]
EVERY = [*SHIPPED, *FOR_PLATFORMS]


@pytest.mark.parametrize("skill", EVERY)
def test_the_manifest_is_accepted_by_the_strict_reader(skill: str) -> None:
    assert read_manifest(skill).name == skill


@pytest.mark.parametrize("skill", EVERY)
def test_scripts_need_the_standard_library_and_each_other_only(skill: str) -> None:
    scripts = list((skill_folder(skill) / "scripts").glob("*.py"))
    own = {path.stem for path in scripts}
    for path in scripts:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for module in names:
                assert module.split(".")[0] in sys.stdlib_module_names | own, (path.name, module)


def test_what_skills_share_is_the_same_file_in_each() -> None:
    """A skill is one folder with one digest, so it cannot import from its neighbour."""
    copies: dict[str, set[bytes]] = {}
    for skill in EVERY:
        for path in (skill_folder(skill) / "scripts").glob("*.py"):
            if path.name in SHARED:
                copies.setdefault(path.name, set()).add(path.read_bytes())
    assert {name: len(different) for name, different in copies.items()} == dict.fromkeys(SHARED, 1)


def test_an_example_is_not_armed_until_somebody_puts_it_there() -> None:
    """Whoever tries Assent is offered what can work on the demo host, and nothing else."""
    assert FOR_PLATFORMS
    assert not set(FOR_PLATFORMS) & set(SHIPPED)
    for skill in SHIPPED:
        assert "ASSENT_TARGET" in read_manifest(skill).permissions.env, skill


def test_the_examples_have_no_finding_and_a_lock_of_their_own() -> None:
    examples = Artifacts(EXAMPLES, ROOT / "policies")
    assert [str(problem) for problem in examples.problems] == []
    assert {name: skill.unarmed for name, skill in examples.skills().items()} == dict.fromkeys(
        FOR_PLATFORMS, ""
    )


@pytest.mark.parametrize("skill", FOR_PLATFORMS)
def test_an_example_that_is_copied_and_locked_is_under_the_rules_of_its_like(
    skill: str, tmp_path: Path
) -> None:
    shutil.copytree(EXAMPLES / skill, tmp_path / "skills" / skill)
    copied = Artifacts(tmp_path / "skills", ROOT / "policies")
    assert "skills.lock" in copied.skills()[skill].unarmed
    (tmp_path / "skills" / "skills.lock").write_text(lock(copied.skills().values()))
    armed = Artifacts(tmp_path / "skills", ROOT / "policies")
    assert armed.skills()[skill].unarmed == ""
    policies = armed.policies()
    like = "service-status" if armed.skills()[skill].manifest.effects.read_only else "deploy"
    assert policies.digest_for(skill) == policies.digest_for(like)


def test_the_read_only_skill_sends_the_host_nothing_but_questions() -> None:
    scripts = (ROOT / "skills/service-status/scripts").glob("*.py")
    own = [
        path.read_text(encoding="utf-8") for path in scripts if path.name not in ("target.py", "traffic.py")
    ]
    assert not any(".do(" in text or '"POST"' in text for text in own)
