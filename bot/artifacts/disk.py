"""Skills and policies as they are on disk now."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.artifacts import loading, locks, revoked, tree, yaml_marks
from bot.artifacts.arming import arm
from bot.artifacts.loading import Loaded
from bot.artifacts.signatures import ALLOWED, FRESH_S, SUFFIX, Signatures
from bot.artifacts.tree import Signature
from bot.artifacts.yaml_marks import NotYaml
from bot.ask.catalog import Catalog
from bot.ask.reading import Problem
from bot.assess import policy
from bot.assess.policy import Document, Policies, PolicyError

BESIDE = "*"
"""Not the name of any folder: the files beside the skills."""


@dataclass(frozen=True, slots=True)
class _Skills:
    """One reading of the skills folder; `settled` when a later change must show in `seen`.

    `until` is when it is looked over again although nothing changed: signatures are valid for a time.
    """

    seen: Mapping[str, Signature]
    settled: bool
    folders: Mapping[str, Loaded]
    catalog: Catalog
    problems: tuple[Problem, ...]
    until: float = math.inf


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
        self._signatures = Signatures(self._skills_dir, self._policies_dir)
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
        seen = {folder: _signature(self._skills_dir / folder) for folder in folders(self._skills_dir)}
        seen[BESIDE] = self._beside()
        now = time.monotonic()
        if before is not None and before.settled and before.seen == seen and now < before.until:
            return before
        settled = all(map(tree.settled, seen.values()))
        label = _label(self._skills_dir)
        kept = before.folders if before is not None and before.settled else {}
        loaded = {
            name: kept[name]
            if before is not None and name in kept and before.seen[name] == signature
            else loading.load(self._skills_dir / name, label=f"{label}/{name}")
            for name, signature in seen.items()
            if name != BESIDE
        }
        armed = arm(self._skills_dir, label=label, folders=loaded, signatures=self._signatures)
        until = now + FRESH_S if self._signatures.required else math.inf
        self._skills = _Skills(seen, settled, loaded, armed.catalog, armed.problems, until)
        return self._skills

    def _beside(self) -> Signature:
        """The files that say which skills may run: the lock, the deny-list, signatures, who may sign."""
        try:
            with os.scandir(self._skills_dir) as found:
                signed = sorted(one.name for one in found if one.name.endswith(SUFFIX))
        except OSError:
            signed = []
        places = [self._skills_dir / name for name in (locks.FILE, revoked.FILE, *signed)]
        return tuple(line for path in (*places, self._policies_dir / ALLOWED) for line in _stat(path))

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


def folders(folder: Path) -> list[str]:
    """The folders that are taken for skills, by name."""
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
