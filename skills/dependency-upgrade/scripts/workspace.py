"""The private working copy of one run: cloned, edited, committed, tested. Nobody else sees it.

It lives as long as the worker that made it. A later step that finds nothing, since another worker took over,
makes it again from what was approved: that is why everything up to the push may be repeated.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import catalogue
import git
import locking
import programs
import registry
import scan
import testing
from branches import REQUEST
from catalogue import Repository
from git import Checkout
from locking import Move, Order
from telling import Stopped, say
from units import Unit

ARGUMENTS = ("repository", "parts", "revision", "base", "tests", "request")


class NotAsApproved(Stopped):
    """What would be done now is not what was approved."""


@dataclass(frozen=True)
class Part:
    """One branch as the plan described it."""

    branch: str
    title: str
    head: str
    upgrades: tuple[dict[str, Any], ...]
    moves: tuple[Move, ...]
    limits: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, part: Mapping[str, Any]) -> Part:
        moves = tuple(sorted(Move(*one) for one in part["moves"]))
        return cls(
            part["branch"], part["title"], part["head"], tuple(part["upgrades"]), moves, part["limits"]
        )

    @property
    def units(self) -> list[str]:
        return sorted({one["unit"] for one in self.upgrades})


@dataclass(frozen=True)
class Workspace:
    repository: Repository
    parts: tuple[Part, ...]
    revision: str
    base: str
    tests: tuple[tuple[str, ...], ...]
    request: str
    folder: Path

    @classmethod
    def of(cls, given: Namespace) -> Workspace:
        return cls(
            repository=catalogue.find(given.repository),
            parts=tuple(Part.read(one) for one in json.loads(given.parts)),
            revision=given.revision,
            base=given.base,
            tests=tuple(tuple(one) for one in json.loads(given.tests)),
            request=given.request,
            folder=Path(os.environ.get("TMPDIR") or os.environ["HOME"]) / "workspace",
        )

    @cached_property
    def checkout(self) -> Checkout:
        """The working copy at the approved commit, wherever the base branch is now."""
        work = self.folder / "work"
        if not (work / ".git").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            return git.take(git.checkout(self.repository, work), self.revision)
        return Checkout(self.repository, work, self.base, self.revision)

    @cached_property
    def units(self) -> dict[str, Unit]:
        self.checkout.restore()
        found, _ = scan.scan(self.checkout.folder, self.checkout.files())
        return {unit.label: unit for unit in found}

    def allowed_files(self, part: Part) -> set[str]:
        return {file for label in part.units for file in self.units[label].files}

    def commit(self, part: Part) -> str:
        """The commit with the upgrades of a part: made now unless it is there already.

        Raises NotAsApproved when a lock comes out otherwise than it was planned, or another file changed.
        """
        if known := self._remembered(part).get("commit"):
            return str(known)
        checkout, units = self.checkout, self.units
        checkout.restore()
        moves = sorted(
            move
            for label in part.units
            for move in locking.carry_out(checkout.folder, self._order(part, units[label]))
        )
        if moves != list(part.moves):
            odd = sorted(set(moves) ^ set(part.moves))[0]
            raise NotAsApproved(
                f"The lock came out otherwise than it was approved: {odd.name} {odd.before or '(new)'} → "
                f"{odd.after or '(gone)'} in {odd.unit}. Plan again."
            )
        changed = checkout.changed()
        if other := sorted(set(changed) - self.allowed_files(part)):
            raise NotAsApproved(
                f"{other[0]} changed too, which is no part of the upgrade. Nothing was pushed."
            )
        commit = self._commit(part)
        self._remember(part, commit=commit)
        return commit

    def _order(self, part: Part, unit: Unit) -> Order:
        ours = [one for one in part.upgrades if one["unit"] == unit.label]
        hashes: dict[str, tuple[str, ...]] = {}
        if unit.kind == "requirements":
            packages = registry.ask((unit.ecosystem, one["name"]) for one in ours)
            for one in ours:
                release = packages[unit.ecosystem, one["name"]].by_version.get(one["to"])
                hashes[one["name"]] = release.hashes if release else ()
        versions = {one["name"]: one["to"] for one in ours}
        return Order(unit, versions, part.limits.get(unit.label, {}), hashes)

    def _commit(self, part: Part) -> str:
        """A commit on the base, and on the branch where there is one already: nothing is forced."""
        folder = self.checkout.folder
        tree = git.run("write-tree", folder=folder).strip()
        parents = ["-p", self.revision]
        if part.head:
            words = ("fetch", "--quiet", "--depth", "1", "origin", part.branch)
            git.run(*words, folder=folder, repository=self.repository)
            parents = ["-p", part.head, *parents]
        when = git.run("show", "--no-patch", "--format=%ct +0000", self.revision, folder=folder).strip()
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        return git.run(
            "commit-tree", tree, *parents, "-m", self.message(part), folder=folder, **dates
        ).strip()

    def message(self, part: Part) -> str:
        lines = [part.title, ""]
        for one in part.upgrades:
            clears = f" (clears {', '.join(one['clears'])})" if one["clears"] else ""
            lines.append(f"{one['name']} {one['from']} -> {one['to']}{clears}")
        return "\n".join([*lines, "", f"{REQUEST}: {self.request}"])

    def tested(self, part: Part) -> dict[str, Any]:
        """How the tests of a part's commit went: run now unless they were."""
        if known := self._remembered(part).get("tests"):
            return dict(known)
        found = self.test(self.commit(part))
        self._remember(part, tests=found)
        return found

    def tested_at(self, part: Part, head: str) -> dict[str, Any]:
        """How the tests of what was pushed went; when another worker ran them, they run again."""
        known = self._remembered(part)
        if known.get("commit") == head and "tests" in known:
            return dict(known["tests"])
        found = self.test(head)
        self._remember(part, commit=head, tests=found)
        return found

    def test(self, commit: str) -> dict[str, Any]:
        """Run the tests in a fresh copy of a commit, with nothing of what was there before."""
        room = self.folder / "tests"
        shutil.rmtree(room, ignore_errors=True)
        git.run("worktree", "prune", folder=self.checkout.folder)
        git.run("worktree", "add", "--quiet", "--detach", str(room), commit, folder=self.checkout.folder)
        began = time.monotonic()
        passed, said = True, ""
        for command in self.tests:
            say(f"$ {' '.join(command)}")
            try:
                testing.run(command, folder=room, home=self.folder / "home")
            except programs.Failed as failed:
                passed, said = False, failed.said
                break
        return {
            "passed": passed,
            "commands": [" ".join(one) for one in self.tests],
            "seconds": round(time.monotonic() - began, 1),
            "said": said,
        }

    def base_moved(self) -> str:
        """Where the base branch is now, if it is not where it was when the plan was made."""
        head = git.heads(self.repository, self.checkout.folder, self.base).get(self.base, "nowhere")
        return "" if head == self.revision else head

    def is_ours(self, commit: str) -> bool:
        """Whether this request made a commit that the remote has; it is fetched by the branch it is on."""
        text = git.run("show", "--no-patch", "--format=%B", commit, folder=self.checkout.folder)
        return f"{REQUEST}: {self.request}" in text.splitlines()

    def fetched(self, part: Part, *, depth: int = 1) -> str:
        """The remote's branch now, with its commit fetched; empty when there is none."""
        head = git.heads(self.repository, self.checkout.folder, part.branch).get(part.branch, "")
        if head:
            words = ("fetch", "--quiet", "--depth", str(depth), "origin", part.branch)
            git.run(*words, folder=self.checkout.folder, repository=self.repository)
        return head

    def _file(self, part: Part) -> Path:
        return self.folder / f"{part.branch.replace('/', '+')}.json"

    def _remembered(self, part: Part) -> dict[str, Any]:
        file = self._file(part)
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def _remember(self, part: Part, **more: Any) -> None:
        self._file(part).write_text(json.dumps({**self._remembered(part), **more}), encoding="utf-8")
