"""One folder as a skill, or everything that keeps it from being one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.artifacts import tree, yaml_marks
from bot.artifacts.yaml_marks import Marks, NotYaml
from bot.ask import lint
from bot.ask.catalog import Skill
from bot.ask.reading import Finding, Problem, Unreadable

MANIFEST, RUNBOOK = "skill.yaml", "SKILL.md"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A skill, or problems, or neither: a folder with prose alone is knowledge and cannot run."""

    skill: Skill | None = None
    problems: tuple[Problem, ...] = ()


def load(folder: Path, *, label: str) -> Loaded:
    """Read one skill folder; `label` is how its files are called in problems."""
    if tree.QUARANTINE in folder.resolve().parts:
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
    try:
        name, runbook = _runbook(found.content.get(RUNBOOK), f"{label}/{RUNBOOK}")
        data, marks = yaml_marks.read(found.content[MANIFEST], file=f"{label}/{MANIFEST}")
        manifest = lint.read(data, folder=folder.name, runbook_name=name, files=found.files)
    except NotYaml as error:
        return Loaded(problems=(error.problem,))
    except Unreadable as error:
        found_wrong = [placed(one, marks, f"{label}/{MANIFEST}") for one in error.findings]
        return Loaded(problems=tuple(sorted(found_wrong, key=lambda one: (one.line, one.column))))
    return Loaded(
        Skill(
            manifest=manifest,
            digest=found.digest,
            files=found.files,
            folder=str(folder.resolve()),
            runbook=runbook,
        )
    )


def placed(finding: Finding, marks: Marks, file: str) -> Problem:
    line, column = yaml_marks.place(marks, finding.path)
    return Problem(file, line, column, finding.message, finding.hint, rule=finding.rule)


def _runbook(content: bytes | None, file: str) -> tuple[str, str]:
    """The name in the front matter and the prose below it. Other keys are the open format's own business."""
    shape = "Begin with three dashes, name:, description:, three dashes."
    if content is None:
        raise NotYaml(Problem(file, 1, 1, "there is no SKILL.md", "Add the runbook people read."))
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise NotYaml(Problem(file, 1, 1, "this is not UTF-8", "Save it as UTF-8.")) from None
    if not lines or lines[0].rstrip() != "---" or "---" not in (line.rstrip() for line in lines[1:]):
        raise NotYaml(Problem(file, 1, 1, "there is no front matter", shape))
    end = next(number for number, line in enumerate(lines[1:], start=1) if line.rstrip() == "---")
    head, _ = yaml_marks.read("\n".join(lines[1:end]).encode(), file=file, first_line=2)
    said = head if isinstance(head, dict) else {}
    for key in ("name", "description"):
        if not isinstance(said.get(key), str):
            raise NotYaml(Problem(file, 1, 1, f'"{key}" is missing in the front matter', shape))
    return str(said["name"]), "\n".join(lines[end + 1 :]).strip()
