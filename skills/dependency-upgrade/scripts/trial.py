"""A part of the upgrades tried out in the working copy, until what the locks take is known exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import advisories
import choosing
import ecosystem as kinds
import locking
import registry
from choosing import Part, Upgrade
from editing import CannotEdit
from git import Checkout
from locking import CannotLock, Move, Order
from units import Unit

PREFIX = "assent/dependency-upgrade/"
"""Where our branches are: nobody else's are ever moved or deleted."""
ROUNDS = 6
"""Tries for one part: each adds a limit or leaves an upgrade out, so that it ends."""


@dataclass
class Trial:
    """`upgrades` are those that the locks took; `moves` is everything that changes by them."""

    part: Part
    upgrades: tuple[Upgrade, ...]
    moves: list[Move] = field(default_factory=list)
    limits: dict[str, dict[str, str]] = field(default_factory=dict)
    """By unit, then by package: what a lock brings along goes no further than this version."""
    held: list[str] = field(default_factory=list)

    @property
    def branch(self) -> str:
        return PREFIX + self.part.slug

    @property
    def title(self) -> str:
        return choosing.title(self.part, self.upgrades)

    @property
    def brought(self) -> list[Move]:
        """What a lock takes beside what was asked for."""
        planned = {(one.used.unit.label, one.used.name) for one in self.upgrades}
        return [move for move in self.moves if (move.unit, move.name) not in planned]

    def ecosystem(self, unit: str) -> str:
        return next(one.used.unit.ecosystem for one in self.upgrades if one.used.unit.label == unit)


@dataclass(frozen=True)
class Trying:
    checkout: Checkout
    units: Mapping[str, Unit]
    packages: Mapping[tuple[str, str], registry.Package]
    youngest: datetime | None

    def settle(self, part: Part) -> Trial:
        """Lock again and again until nothing comes that may not: too young, vulnerable, not as wanted."""
        trial = Trial(part, _one_of_each(part.upgrades))
        for twice in part.upgrades:
            if twice not in trial.upgrades:
                trial.held.append(
                    f"{twice.used.name} {twice.before} waits: another version of it moves first"
                )
        for _ in range(ROUNDS):
            if not trial.upgrades:
                break
            trial.moves = []
            if self._round(trial):
                return trial
        trial.held += [
            f"{one.used.name} {one.after}: no lock that may be taken was found" for one in trial.upgrades
        ]
        trial.upgrades, trial.moves = (), []
        return trial

    def _round(self, trial: Trial) -> bool:
        """One try at all units; True when it is whole. Else the trial has less to do next time."""
        self.checkout.restore()
        for label in sorted({one.used.unit.label for one in trial.upgrades}):
            ours = tuple(one for one in trial.upgrades if one.used.unit.label == label)
            try:
                moves = locking.carry_out(
                    self.checkout.folder, self.order(label, ours, trial.limits.get(label, {}))
                )
            except (CannotEdit, CannotLock) as refused:
                self._leave_out(trial, ours, str(refused))
                return False
            missed = [one for one in ours if not _reached(one, moves)]
            if missed:
                for one in missed:
                    trial.held.append(_why_missed(one, moves))
                trial.upgrades = tuple(one for one in trial.upgrades if one not in missed)
                return False
            if not self._all_welcome(trial, label, ours, moves):
                return False
            trial.moves += moves
        return True

    def order(self, label: str, upgrades: tuple[Upgrade, ...], limits: Mapping[str, str]) -> Order:
        unit = self.units[label]
        return Order(
            unit,
            {one.used.name: one.after for one in upgrades},
            limits,
            {
                one.used.name: release.hashes
                for one in upgrades
                if (release := self.packages[one.used.package].by_version.get(one.after))
            },
        )

    def _leave_out(self, trial: Trial, ours: tuple[Upgrade, ...], why: str) -> None:
        """The lock failed as a whole: find one upgrade that fails alone, else leave the last one out."""
        culprit = ours[-1]
        if len(ours) > 1:
            for one in ours:
                self.checkout.restore()
                try:
                    locking.carry_out(self.checkout.folder, self.order(one.used.unit.label, (one,), {}))
                except (CannotEdit, CannotLock) as refused:
                    culprit, why = one, str(refused)
                    break
        trial.held.append(f"{culprit.used.name} {culprit.after}: {why}")
        trial.upgrades = tuple(one for one in trial.upgrades if one is not culprit)

    def _all_welcome(self, trial: Trial, label: str, ours: tuple[Upgrade, ...], moves: list[Move]) -> bool:
        """What the lock brought along keeps to the same rules as what was asked for."""
        unit = self.units[label]
        planned = {one.used.name for one in ours}
        brought = [move for move in moves if move.after and move.name not in planned]
        asked = [(unit.ecosystem, move.name) for move in brought]
        packages, known = registry.ask(asked), advisories.ask(asked)
        for move in brought:
            package = packages[unit.ecosystem, move.name]
            release = package.by_version.get(move.after)
            vulnerable = known[unit.ecosystem, move.name].status(move.after) == "vulnerable"
            old = self.youngest is None or (
                release and release.uploaded and release.uploaded <= self.youngest
            )
            if old and not vulnerable:
                continue
            better = self._highest(unit, package, known[unit.ecosystem, move.name], below=move.after)
            limits = trial.limits.setdefault(label, {})
            if better is not None and limits.get(move.name) != better:
                limits[move.name] = better
                return False
            what = "a vulnerable" if vulnerable else "a too young"
            for one in ours:
                trial.held.append(f"{one.used.name} {one.after}: it brings {what} {move.name} {move.after}")
            trial.upgrades = tuple(one for one in trial.upgrades if one not in ours)
            return False
        return True

    def _highest(
        self, unit: Unit, package: registry.Package, known: advisories.Known, *, below: str
    ) -> str | None:
        bound = kinds.version(unit.ecosystem, below)
        fit = [
            release.version
            for release in package.releases
            if kinds.version(unit.ecosystem, release.version) < bound
            and not kinds.version(unit.ecosystem, release.version).unstable
            and known.status(release.version) != "vulnerable"
            and (self.youngest is None or (release.uploaded and release.uploaded <= self.youngest))
        ]
        return max(fit, key=lambda one: kinds.version(unit.ecosystem, one), default=None)


def _reached(upgrade: Upgrade, moves: list[Move]) -> bool:
    """The new version came and the old one went, as far as the unit knows of versions at all."""
    ours = [move for move in moves if move.name == upgrade.used.name]
    if not upgrade.used.unit.lock:
        return bool(ours)
    return upgrade.after in {move.after for move in ours} and upgrade.before in {move.before for move in ours}


def _why_missed(upgrade: Upgrade, moves: list[Move]) -> str:
    taken = [move.after for move in moves if move.name == upgrade.used.name and move.after]
    why = f"the lock takes {taken[0]}" if taken else "what needs it does not let the lock take it"
    return f"{upgrade.used.name} {upgrade.after}: {why}"


def _one_of_each(upgrades: tuple[Upgrade, ...]) -> tuple[Upgrade, ...]:
    """A lock may hold a package in several versions; one of them moves at a time."""
    kept: dict[tuple[str, str], Upgrade] = {}
    for one in upgrades:
        kept.setdefault((one.used.unit.label, one.used.name), one)
    return tuple(kept.values())
