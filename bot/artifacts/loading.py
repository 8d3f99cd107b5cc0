"""One folder as a skill, or everything that keeps it from being one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.artifacts import standard, tree, yaml_marks
from bot.artifacts.inspection import blockers
from bot.artifacts.standard import FrontMatter
from bot.artifacts.yaml_marks import NotYaml
from bot.ask import lint
from bot.ask.catalog import Skill
from bot.ask.reading import Problem, Unreadable
from bot.execute.connectors import linting

MANIFEST, RUNBOOK = "skill.yaml", "SKILL.md"
_RULES = (linting.verbs,)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A skill, or problems, or neither: a folder with prose alone is knowledge and cannot run."""

    skill: Skill | None = None
    problems: tuple[Problem, ...] = ()


def load(folder: Path, *, label: str) -> Loaded:
    """Read one skill folder; `label` is how its files are called in problems."""
    real = folder.resolve()
    if tree.QUARANTINE in real.parts:
        return Loaded()
    if folder.is_symlink():
        what = "a skill has no links: they may lead anywhere"
        return Loaded(problems=(Problem(label, 1, 1, what, "Put the folder itself here."),))
    try:
        found = tree.take(folder, label=label)
    except tree.Unfit as unfit:
        return Loaded(problems=(unfit.problem,))
    except OSError as error:
        return Loaded(problems=(Problem(label, 1, 1, f"it cannot be read: {error.strerror or error}"),))
    if MANIFEST not in found.content:
        if RUNBOOK in found.content:
            return Loaded()
        return Loaded(problems=(Problem(f"{label}/{MANIFEST}", 1, 1, "there is no skill.yaml", "Add one."),))
    front, wrong = _runbook(found.content.get(RUNBOOK), folder.name, f"{label}/{RUNBOOK}")
    wrong += blockers(found.content, label=label)
    try:
        data, marks = yaml_marks.read(found.content[MANIFEST], file=f"{label}/{MANIFEST}")
        manifest = lint.read(data, folder=folder.name, runbook_name=None, files=found.files, also=_RULES)
    except NotYaml as error:
        wrong.insert(0, error.problem)
    except Unreadable as error:
        placed = [yaml_marks.placed(one, marks, f"{label}/{MANIFEST}") for one in error.findings]
        wrong = [*sorted(placed, key=lambda one: (one.line, one.column)), *wrong]
    if wrong:
        return Loaded(problems=tuple(wrong))
    return Loaded(
        Skill(
            manifest=manifest,
            digest=found.digest,
            files=found.files,
            folder=str(real),
            runbook=front.body,
        )
    )


def _runbook(content: bytes | None, folder: str, file: str) -> tuple[FrontMatter, list[Problem]]:
    """The runbook, kept to the open format by everything that is an error there."""
    if content is None:
        missing = Problem(
            file, 1, 1, "there is no SKILL.md", "Add the runbook people read.", rule="front-matter"
        )
        return FrontMatter(), [missing]
    front = standard.read(content, file=file)
    found = standard.kept(front, folder=folder, file=file)
    return front, [problem for problem in found if problem.level == "error"]
