"""Skills and policies as they are on disk now."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bot.artifacts import loading, locks, tree, yaml_marks
from bot.artifacts.loading import Loaded
from bot.artifacts.tree import Signature
from bot.artifacts.yaml_marks import NotYaml
from bot.ask.catalog import Catalog, Skill
from bot.ask.reading import Problem
from bot.assess import policy
from bot.assess.policy import Document, Policies, PolicyError


@dataclass(frozen=True, slots=True)
class _Skills:
    """One reading of the skills folder; `settled` when a later change must show in `seen`."""

    seen: Mapping[str, Signature]
    settled: bool
    folders: Mapping[str, Loaded]
    catalog: Catalog
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Policies:
    seen: Signature
    settled: bool
    policies: Policies


class Artifacts:
    """Both folders. Asked before every decision: an unchanged file costs one `stat`, a changed one is seen.

    A skill that does not load or is not the reviewed one cannot be asked for, and the others can; one policy
    that does not load arms nothing.
    """

    def __init__(self, skills_dir: Path, policies_dir: Path) -> None:
        self._skills_dir, self._policies_dir = Path(skills_dir), Path(policies_dir)
        self._skills: _Skills | None = None
        self._policies: _Policies | None = None

    @property
    def problems(self) -> list[Problem]:
        """Everything that is wrong on disk now, skills first."""
        return [*self._skills_now().problems, *self._policies_now().policies.problems]

    def skills(self) -> Catalog:
        """Never raises: what cannot be used is in `broken` or unarmed, with the reason."""
        return self._skills_now().catalog

    def policies(self) -> Policies:
        """Never raises: when anything does not load, what is returned denies everything and says why."""
        return self._policies_now().policies

    def _skills_now(self) -> _Skills:
        before = self._skills
        seen = {folder: _signature(self._skills_dir / folder) for folder in _folders(self._skills_dir)}
        seen[locks.FILE] = _stat(self._skills_dir / locks.FILE)
        if before is not None and before.settled and before.seen == seen:
            return before
        settled = all(map(tree.settled, seen.values()))
        label = _label(self._skills_dir)
        kept = before.folders if before is not None and before.settled else {}
        folders = {
            name: kept[name]
            if before is not None and name in kept and before.seen[name] == signature
            else loading.load(self._skills_dir / name, label=f"{label}/{name}")
            for name, signature in seen.items()
            if name != locks.FILE
        }
        self._skills = self._arm(seen, settled, folders, label)
        return self._skills

    def _arm(
        self, seen: Mapping[str, Signature], settled: bool, folders: Mapping[str, Loaded], label: str
    ) -> _Skills:
        """Hold what was read against the lock."""
        problems = [problem for loaded in folders.values() for problem in loaded.problems]
        file = f"{label}/{locks.FILE}"
        locked, refused = locks.read(self._skills_dir, file=file)
        problems += refused
        skills: dict[str, Skill] = {}
        for loaded in folders.values():
            if (skill := loaded.skill) is None:
                continue
            if refused:
                skills[skill.name] = replace(skill, unarmed=str(refused[0]))
            elif why := locks.unarmed(skill, locked.get(skill.name)):
                skills[skill.name] = replace(skill, unarmed=f"{why}. {locks.REVIEW}")
                problems.append(Problem(f"{label}/{skill.name}", 1, 1, why, locks.REVIEW))
            else:
                skills[skill.name] = skill
        for name in locked:
            if name not in folders:
                problems.append(
                    Problem(file, 1, 1, f"{name} is locked and not here", "Run `assent skills lock`.")
                )
        if not self._skills_dir.is_dir():
            problems.append(Problem(label, 1, 1, "there is no such folder", "Set ASSENT_SKILLS."))
        broken = {name: str(loaded.problems[0]) for name, loaded in folders.items() if loaded.problems}
        return _Skills(seen, settled, folders, Catalog(skills, broken), tuple(problems))

    def _policies_now(self) -> _Policies:
        seen = _policy_files(self._policies_dir)
        before = self._policies
        if before is not None and before.settled and before.seen == seen:
            return before
        settled = tree.settled(seen)
        label = _label(self._policies_dir)
        documents: dict[str, Document] = {}
        problems: list[Problem] = []
        for name, *_ in seen:
            file = f"{label}/{name}"
            try:
                documents[file] = Document(*yaml_marks.load(self._policies_dir / name, file=file))
            except NotYaml as error:
                problems.append(error.problem)
            except OSError as error:
                problems.append(Problem(file, 1, 1, f"it cannot be read: {error.strerror or error}"))
        if not self._policies_dir.is_dir():
            problems.append(Problem(label, 1, 1, "there is no such folder", "Set ASSENT_POLICIES."))
        try:
            if problems:
                raise PolicyError(problems)
            policies = policy.load(documents)
        except PolicyError as error:
            policies = Policies.unarmed(error)
        self._policies = _Policies(seen, settled, policies)
        return self._policies


def _label(folder: Path) -> str:
    return folder.resolve().name


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as found:
            return sorted(one.name for one in found if tree.counts(one.name) and one.is_dir())
    except OSError:
        return []


def _signature(folder: Path) -> Signature:
    try:
        return tree.signature(folder)
    except OSError:
        return ()


def _stat(path: Path) -> Signature:
    try:
        at = path.stat()
    except OSError:
        return ()
    return ((path.name, at.st_mtime_ns, at.st_ctime_ns, at.st_size, at.st_ino, at.st_mode),)


def _policy_files(folder: Path) -> Signature:
    """Every YAML file, `.yml` too: one that is silently ignored would be one fewer rule."""
    try:
        with os.scandir(folder) as found:
            names = sorted(
                one.name for one in found if tree.counts(one.name) and one.name.endswith((".yaml", ".yml"))
            )
    except OSError:
        return ()
    return tuple(line for name in names for line in _stat(folder / name) or ((name, 0, 0, 0, 0, 0),))
