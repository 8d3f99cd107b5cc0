"""Every skill that ships keeps the rules it will be held to."""

from __future__ import annotations

import ast
import sys

import pytest
from hosting import ROOT, read_manifest

SHIPPED = ["deploy", "service-status"]


@pytest.mark.parametrize("skill", SHIPPED)
def test_the_manifest_is_accepted_by_the_strict_reader(skill: str) -> None:
    assert read_manifest(skill).name == skill


@pytest.mark.parametrize("skill", SHIPPED)
def test_scripts_need_the_standard_library_and_each_other_only(skill: str) -> None:
    scripts = list((ROOT / "skills" / skill / "scripts").glob("*.py"))
    own = {path.stem for path in scripts}
    for path in scripts:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for module in names:
                assert module.split(".")[0] in sys.stdlib_module_names | own, (path.name, module)


@pytest.mark.parametrize("shared", ["target.py", "traffic.py"])
def test_what_skills_share_is_the_same_file_in_each(shared: str) -> None:
    """A skill is one folder with one digest, so it cannot import from its neighbour."""
    copies = {(ROOT / "skills" / skill / "scripts" / shared).read_bytes() for skill in SHIPPED}
    assert len(copies) == 1


def test_the_read_only_skill_sends_the_host_nothing_but_questions() -> None:
    scripts = (ROOT / "skills/service-status/scripts").glob("*.py")
    own = [
        path.read_text(encoding="utf-8") for path in scripts if path.name not in ("target.py", "traffic.py")
    ]
    assert not any(".do(" in text or '"POST"' in text for text in own)
