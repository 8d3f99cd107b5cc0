"""A skills folder as people keep it: broken files, edits, the lock, and the skills that stay usable meanwhile."""

# ruff: noqa: E501 — a table keeps one row a line

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.artifacts import Artifacts, lock
from bot.ask.grammar import Complete, parse
from bot.terms import Refused

from .conftest import age, write_skill

Edit = Callable[[Path, str, str], None]


def reviewed(skills: Path, policies: Path) -> Artifacts:
    """The folder with everything in it locked."""
    artifacts = Artifacts(skills, policies)
    (skills / "skills.lock").write_text(lock(artifacts.skills().values()))
    return artifacts


def problems(artifacts: Artifacts) -> list[str]:
    return [str(one) for one in artifacts.problems if not one.file.startswith("policies")]


def test_a_reviewed_skill_can_be_asked_for(skills: Path, policies: Path) -> None:
    artifacts = reviewed(skills, policies)
    asked = parse("hello world", artifacts.skills())
    assert isinstance(asked, Complete)
    assert asked.invocation.digest == artifacts.skills()["hello"].digest
    assert artifacts.skills()["hello"].runbook == "# Hello\n\nIt greets."
    assert sorted(artifacts.skills()["hello"].files) == ["SKILL.md", "scripts/hello.py", "skill.yaml"]
    assert problems(artifacts) == []


def test_without_a_lock_nothing_is_armed(skills: Path, policies: Path) -> None:
    artifacts = Artifacts(skills, policies)
    says = r"it is not in skills\.lock\. Run `assent skills lock` after a review\."
    with pytest.raises(Refused, match=rf"^hello cannot be used now: {says}$"):
        artifacts.skills().find("hello")
    assert problems(artifacts) == [
        "skills/hello:1:1: it is not in skills.lock. Run `assent skills lock` after a review."
    ]


def test_an_edited_file_is_seen_at_once_changes_the_digest_and_disarms(
    skills: Path, policies: Path, edited: Edit
) -> None:
    artifacts = reviewed(skills, policies)
    write_skill(skills, "other")
    reviewed(skills, policies)
    before = artifacts.skills()["hello"].digest
    edited(skills / "hello" / "scripts" / "hello.py", "'{}'", "'[]'")  # as many bytes as before
    after = artifacts.skills()
    assert after["hello"].digest != before
    with pytest.raises(Refused, match=r"its files are not the reviewed ones \(\w{8} → \w{8}\)"):
        after.find("hello")
    assert after.find("other").name == "other"


def test_edits_in_the_same_tick_of_the_clock_are_all_seen(skills: Path, policies: Path) -> None:
    artifacts = Artifacts(skills, policies)
    script = skills / "hello" / "scripts" / "hello.py"
    digests = set()
    for number in range(10, 40):
        script.write_text(f"print({number})\n")
        digests.add(artifacts.skills()["hello"].digest)
    assert len(digests) == 30


def test_a_changed_file_with_its_old_time_is_seen(skills: Path, policies: Path) -> None:
    artifacts = Artifacts(skills, policies)
    script = skills / "hello" / "scripts" / "hello.py"
    before, times = artifacts.skills()["hello"].digest, script.stat()
    age(skills)
    assert artifacts.skills()["hello"].digest == before
    script.write_text("print('[]')\n")
    os.utime(script, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert artifacts.skills()["hello"].digest != before


def test_a_touched_file_is_the_same_skill(skills: Path, policies: Path) -> None:
    artifacts = reviewed(skills, policies)
    before = artifacts.skills()["hello"]
    os.utime(skills / "hello" / "skill.yaml")
    assert artifacts.skills()["hello"].digest == before.digest
    assert artifacts.skills().find("hello")


def test_nothing_is_read_again_while_nothing_changes(skills: Path, policies: Path) -> None:
    artifacts = reviewed(skills, policies)
    write_skill(skills, "other")
    age(skills)
    first = artifacts.skills()
    assert artifacts.skills() is first
    (skills / "other" / "SKILL.md").unlink()
    second = artifacts.skills()
    assert second is not first
    assert second["hello"].manifest is first["hello"].manifest


def test_reviewing_again_arms_again(skills: Path, policies: Path, edited: Edit) -> None:
    artifacts = reviewed(skills, policies)
    edited(skills / "hello" / "skill.yaml", "Says hello", "Says it")
    assert artifacts.skills()["hello"].unarmed
    (skills / "skills.lock").write_text(lock(artifacts.skills().values()))
    assert not artifacts.skills()["hello"].unarmed


def test_a_mended_file_arms_again_and_a_removed_skill_is_gone(
    skills: Path, policies: Path, edited: Edit
) -> None:
    artifacts = reviewed(skills, policies)
    edited(skills / "hello" / "skill.yaml", "owners:", "owner:")
    assert "hello" not in artifacts.skills()
    edited(skills / "hello" / "skill.yaml", "owner:", "owners:")
    assert artifacts.skills().find("hello")
    for path in (skills / "hello" / "scripts", skills / "hello"):
        for file in path.glob("*.*"):
            file.unlink()
        path.rmdir()
    assert list(artifacts.skills()) == []
    assert problems(artifacts) == [
        "skills/skills.lock:1:1: hello is locked and not here. Run `assent skills lock`."
    ]


BROKEN = {
    "misspelt key": ("timeout: 5s\nsteps", "tiemout: 5s\nsteps", [
        'skills/hello/skill.yaml:23:5: "timeout" is missing',
        'skills/hello/skill.yaml:25:5: unknown key "tiemout". Did you mean timeout?',
    ]),
    "duplicate key": ("lifecycle: stable", "version: 1.0.1", [
        'skills/hello/skill.yaml:4:1: the key "version" is here twice. Keep one; the other is in line 2.',
    ]),
    "shell string": ("run: [python3, scripts/hello.py]\n    timeout: 5s\nsteps", "run: python3 scripts/hello.py\n    timeout: 5s\nsteps", [
        'skills/hello/skill.yaml:24:5: "run": should be a list. Write the program and its arguments as a list: [python3, scripts/plan.py]. There is no shell.',
    ]),
    "unknown substitution": ("Greet ${inputs.who}", "Greet ${inputs.whom}", [
        "skills/hello/skill.yaml:28:5: nothing is known as ${inputs.whom}. Did you mean inputs.who?",
    ]),
    "no such script": ('hello.py, "$', 'helo.py, "$', [
        "skills/hello/skill.yaml:29:20: there is no scripts/helo.py. Did you mean scripts/hello.py?",
    ]),
    "money without quotes": ('"0.10"', "0.10", [
        'skills/hello/skill.yaml:21:17: "development": money is dollars in quotes, such as "0.10"',
    ]),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_manifest_says_where_and_what_would_be_right(
    skills: Path, policies: Path, edited: Edit, case: str
) -> None:
    old, new, says = BROKEN[case]
    write_skill(skills, "other")
    artifacts = reviewed(skills, policies)
    edited(skills / "hello" / "skill.yaml", old, new)
    assert problems(artifacts) == says
    assert artifacts.skills().find("other")
    with pytest.raises(Refused) as refused:
        artifacts.skills().find("hello")
    assert str(refused.value) == f"hello cannot be used now: {says[0]}"


RUNBOOKS = {
    "none": (None, "skills/hello/SKILL.md:1:1: there is no SKILL.md. Add the runbook people read."),
    "no front matter": ("# Hello\n", "skills/hello/SKILL.md:1:1: there is no front matter."),
    "never closed": ("---\nname: hello\n", "skills/hello/SKILL.md:1:1: the front matter is never closed. Close it with a line of three dashes."),
    "no description": ("---\nname: hello\n---\n", 'SKILL.md:2:1: "description" is missing. The format asks for name and description.'),
    "another name": ("---\nname: bye\ndescription: x\n---\n", 'SKILL.md:2:1: "bye" is in the folder hello. Give both the same name.'),
    "a key of its own": ("---\nname: hello\ndescription: x\nversion: 1\n---\n", 'SKILL.md:4:1: the format has no key "version". Put it below metadata:.'),
    "keys that some do not see": ("---\nname: hello\ndescription: a --- b\nallowed-tools: Bash\n---\n", "SKILL.md:3:16: three dashes stand inside the front matter, where some readers end it: they do not see allowed-tools."),
    "a link out": ("---\nname: hello\ndescription: x\n---\n\nSee [this](../../etc/passwd).\n", "SKILL.md:6:5: a link leads out of the skill, to ../../etc/passwd."),
    "broken front matter": ("---\nname: x\nname: y\n---\n", 'SKILL.md:3:1: the key "name" is here twice.'),
}  # fmt: skip


@pytest.mark.parametrize("case", RUNBOOKS)
def test_a_broken_runbook_says_where(skills: Path, policies: Path, case: str) -> None:
    text, says = RUNBOOKS[case]
    path = skills / "hello" / "SKILL.md"
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    artifacts = Artifacts(skills, policies)
    assert any(says in problem for problem in problems(artifacts)), problems(artifacts)
    assert "hello" not in artifacts.skills()


def test_prose_alone_is_knowledge_and_no_problem(skills: Path, policies: Path) -> None:
    artifacts = reviewed(skills, policies)
    (skills / "lore").mkdir()
    (skills / "lore" / "SKILL.md").write_text("---\nname: lore\ndescription: x\n---\n")
    assert problems(artifacts) == []
    assert list(artifacts.skills()) == ["hello"]


def test_a_folder_without_a_manifest_or_prose_is_a_problem(skills: Path, policies: Path) -> None:
    artifacts = reviewed(skills, policies)
    (skills / "half").mkdir()
    assert problems(artifacts) == ["skills/half/skill.yaml:1:1: there is no skill.yaml. Add one."]


def test_a_linked_folder_is_not_a_skill(skills: Path, policies: Path, tmp_path: Path) -> None:
    artifacts = reviewed(skills, policies)
    write_skill(tmp_path / "elsewhere", "sneaky")
    (skills / "sneaky").symlink_to(tmp_path / "elsewhere" / "sneaky")
    assert list(artifacts.skills()) == ["hello"]
    assert problems(artifacts) == [
        "skills/sneaky:1:1: a skill has no links: they may lead anywhere. Put the folder itself here."
    ]


def test_no_folder_at_all_is_said(tmp_path: Path, policies: Path) -> None:
    artifacts = Artifacts(tmp_path / "skills", policies)
    assert dict(artifacts.skills()) == {}
    assert problems(artifacts) == ["skills:1:1: there is no such folder. Set ASSENT_SKILLS."]


LOCKS = {
    "not yaml": (lambda text: text + "x: [", "skills.lock:6:5: "),
    "unknown key": (lambda text: text.replace("permissions:", "permission:"), 'unknown key "permission"'),
    "another version by hand": (lambda text: text.replace("1.0.0", "9.0.0"), "was changed by hand"),
    "another digest": (lambda text: text.replace("digest: sha256:", "digest: sha256:0"), "are not the reviewed"),
    "empty": (lambda text: "", "it is not in skills.lock"),
}  # fmt: skip


@pytest.mark.parametrize("case", LOCKS)
def test_a_lock_that_does_not_fit_disarms(skills: Path, policies: Path, case: str) -> None:
    change, says = LOCKS[case]
    artifacts = reviewed(skills, policies)
    path = skills / "skills.lock"
    path.write_text(change(path.read_text()))
    with pytest.raises(Refused, match="hello cannot be used now"):
        artifacts.skills().find("hello")
    assert any(says in problem for problem in problems(artifacts))


def test_the_lock_lists_skills_by_name_with_what_was_reviewed(skills: Path, policies: Path) -> None:
    write_skill(skills, "bye")
    found = Artifacts(skills, policies).skills()
    assert lock(found.values()).splitlines()[1:4:2] == ["bye:", f"  digest: {found['bye'].digest}"]
    assert lock(found.values()).index("bye:") < lock(found.values()).index("hello:")
