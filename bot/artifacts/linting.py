"""Everything there is to say about skills on disk, for whoever writes and reviews them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from bot.artifacts import cases, disk, standard, tree, yaml_marks
from bot.artifacts.inspection import FILE, guesses, suppressed
from bot.artifacts.loading import MANIFEST, RUNBOOK, load
from bot.artifacts.tree import Tree, Unfit
from bot.ask.catalog import Catalog, Skill, did_you_mean
from bot.ask.grammar import Complete, parse
from bot.ask.lattice import unused
from bot.ask.reading import Problem
from bot.terms import Refused


def shelf(artifacts: disk.Artifacts, skills: Path, *, today: date) -> list[Problem]:
    """Of a whole folder of skills: what stops each of them, then what is worth a look."""
    label = skills.resolve().name
    found = [one for one in artifacts.problems if one.file.split("/")[0] == label]
    found = [replace(one, level="warning") if _new(one) else one for one in found]
    armed = artifacts.skills()
    for skill in armed.values():
        if (after := skill.manifest.replaced_by) is not None and after not in armed:
            file, what = (
                f"{label}/{skill.name}/{MANIFEST}",
                f"it is replaced by {after}, and there is none here",
            )
            hint = did_you_mean(after, list(armed)).strip() or "Name a skill that is here."
            found.append(Problem(file, 1, 1, what, hint, rule="replaced-by", level="warning"))
    for name in disk.folders(skills):
        found += _about(skills / name, f"{label}/{name}", armed.get(name), today)
    return found


def one(folder: Path, *, today: date) -> list[Problem]:
    """Of one folder, wherever it is: by itself, whether or not it was reviewed."""
    label = f"{folder.resolve().parent.name}/{folder.resolve().name}"
    loaded = load(folder, label=label)
    return [*loaded.problems, *_about(folder, label, loaded.skill, today)]


def _new(problem: Problem) -> bool:
    """What was never reviewed is not wrong yet, only not usable."""
    return problem.rule == "unreviewed"


def _about(folder: Path, label: str, skill: Skill | None, today: date) -> list[Problem]:
    try:
        found = tree.take(folder, label=label)
    except (Unfit, OSError):
        return []  # said already: nothing of it could be read
    if MANIFEST not in found.content and RUNBOOK not in found.content:
        return []
    said = sorted(_warnings(found, folder.resolve().name, label, skill), key=lambda one: (one.file, one.line))
    return list(suppressed(said, found.content.get(FILE), label=label, today=today))


def _warnings(found: Tree, name: str, label: str, skill: Skill | None) -> Iterator[Problem]:
    """Beside what loading said: guesses about the files, what the format recommends, cases."""
    yield from guesses(found.content, label=label)
    if RUNBOOK in found.content:
        file = f"{label}/{RUNBOOK}"
        front = standard.read(found.content[RUNBOOK], file=file)
        known = standard.kept(front, folder=name, file=file, files=found.files)
        runs = MANIFEST in found.content
        yield from (one for one in known if one.level != "error" or not runs)
    if skill is None:
        return
    yield from cases.problems(skill)
    if not any(_typed(skill, example) for example in skill.manifest.examples):
        what = "none of its examples can be typed as it is, so help has nothing to copy"
        hint = f"Begin with one such as: {skill.name} … to {skill.manifest.environments[0]}."
        file = f"{label}/{MANIFEST}"
        _, marks = yaml_marks.read(found.content[MANIFEST], file=file)
        at = yaml_marks.place(marks, ("examples",))
        yield Problem(file, *at, what, hint, rule="untyped-examples", level="warning")
    if cases.FILE not in found.files:
        what = f"there is no {cases.FILE}"
        yield Problem(label, 1, 1, what, "Say what it must do.", rule="no-cases", level="warning")
    for grant in unused(skill.manifest):
        what = f"nothing uses the permission to {grant.may}"
        hint = "Take it out of the permissions."
        yield Problem(f"{label}/{MANIFEST}", 1, 1, what, hint, rule="unused-permission", level="warning")


def _typed(skill: Skill, example: str) -> bool:
    """Whether somebody who types this gets what they ask for, and no question back."""
    try:
        return isinstance(parse(example, Catalog({skill.name: replace(skill, unarmed="")})), Complete)
    except Refused:
        return False
