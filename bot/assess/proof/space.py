"""Every request, as far as some formulas can tell requests apart: one bit for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from bot.assess.proof.atom import Atom, Slot
from bot.assess.proof.clusters import Cluster, clusters
from bot.assess.proof.formula import Formula, Outcome, Split
from bot.assess.proof.values import TooLarge, domains, placed

MOST_REQUESTS = 20_000_000
"""Bits of one big integer: 2.5 MB, and a few seconds for a policy of ten gates."""
MOST_TRIED = 100_000
MOST_ANSWERS = 20_000
MOST_CELLS = 20_000

Answers = dict[tuple[str, tuple[Slot, ...]], dict[tuple[Any, ...], Outcome]]
"""What atoms answered already, by their key, their slots and the values: kept over several spaces."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One way for a cluster's atoms to come out. `witness` has it so; without one it may not exist."""

    answers: tuple[Outcome, ...]
    witness: Mapping[Slot, Any] | None


@dataclass(frozen=True, slots=True)
class Axis:
    """A cluster's cells; neighbours are `stride` bits apart."""

    cluster: Cluster
    cells: tuple[Cell, ...]
    stride: int


class Space:
    """The requests that `where` may be true of. Raises TooLarge.

    Every concrete request is in one of its cells; a cell without a witness may stand for no request at all.
    """

    def __init__(
        self, formulas: Iterable[Formula], *, where: Formula, base: Mapping[str, Any], answers: Answers
    ) -> None:
        atoms = [atom for formula in (*formulas, where) for atom in formula.atoms()]
        self.base = base
        self.axes: list[Axis] = []
        self.size = 1
        for cluster in clusters(atoms):
            cells = tuple(_cells(cluster, where, base, answers))
            self.axes.append(Axis(cluster, cells, self.size))
            self.size *= len(cells)
        if self.size > MOST_REQUESTS:
            raise TooLarge(f"there are {self.size:,} different requests, and at most {MOST_REQUESTS:,} fit")
        self.every = (1 << self.size) - 1
        self._at = {
            atom.key: (axis, index) for axis in self.axes for index, atom in enumerate(axis.cluster.atoms)
        }
        self._splits: dict[str, Split] = {}
        self.where = self.split(where).true

    def split(self, formula: Formula) -> Split:
        return formula.split(self.every, self._split)

    def _split(self, atom: Atom) -> Split:
        if atom.key not in self._splits:
            axis, index = self._at[atom.key]
            self._splits[atom.key] = Split(
                *(
                    self._mask(axis, [cell.answers[index] is value for cell in axis.cells])
                    for value in (True, False)
                )
            )
        return self._splits[atom.key]

    def _mask(self, axis: Axis, chosen: list[bool]) -> int:
        """The requests that are in one of the chosen cells of an axis."""
        run, block = (1 << axis.stride) - 1, 0
        for number, taken in enumerate(chosen):
            if taken:
                block |= run << (number * axis.stride)
        return _repeated(block, axis.stride * len(axis.cells), self.size)

    @property
    def realised(self) -> int:
        """The requests that there really are."""
        found = self.every
        for axis in self.axes:
            if any(cell.witness is None for cell in axis.cells):
                found &= self._mask(axis, [cell.witness is not None for cell in axis.cells])
        return found

    @property
    def guessed(self) -> list[str]:
        """The conditions whose answers are not split into cases, as they are written."""
        return [atom.text for axis in self.axes for atom in axis.cluster.atoms if not atom.exact]

    def example(self, mask: int) -> dict[str, Any]:
        """Facts of one realised request of `mask`, as near to the base as it gets step by step."""
        bit = (mask & -mask).bit_length() - 1
        for axis in self.axes:
            mine = bit // axis.stride % len(axis.cells)
            for nearer in range(mine):
                moved = bit - (mine - nearer) * axis.stride
                if mask >> moved & 1:
                    bit = moved
                    break
        values: dict[Slot, Any] = {}
        for axis in self.axes:
            witness = axis.cells[bit // axis.stride % len(axis.cells)].witness
            if witness is None:
                raise ValueError("only a realised request can be shown")
            values |= witness
        return placed(values, self.base)

    def bit_of(self, facts: Mapping[str, Any]) -> int | None:
        """Where a concrete request is; None when `where` cannot be true of it."""
        bit = 0
        for axis in self.axes:
            answers = tuple(atom.answer(facts) for atom in axis.cluster.atoms)
            number = next((at for at, cell in enumerate(axis.cells) if cell.answers == answers), None)
            if number is None:
                return None
            bit += number * axis.stride
        return bit

    @property
    def facts(self) -> list[str]:
        """The facts that are told apart here."""
        return sorted({slot.fact for axis in self.axes for slot in axis.cluster.uses})


def _cells(cluster: Cluster, where: Formula, base: Mapping[str, Any], answers: Answers) -> list[Cell]:
    tried = domains(cluster, base)
    columns = [_column(atom, tried, cluster, answers) for atom in cluster.atoms]
    different = {slot: _different(slot, len(values), columns) for slot, values in tried.items()}
    if (count := prod(map(len, different.values()))) > MOST_TRIED:
        raise TooLarge(f"{cluster.names} are compared with one another in {count:,} ways")
    found: dict[tuple[Outcome, ...], Cell] = {}
    for numbers in product(*different.values()):
        at = dict(zip(tried, numbers, strict=True))
        outcome = tuple([column[tuple([at[slot] for slot in mine])] for mine, column in columns])
        if outcome not in found:
            found[outcome] = Cell(outcome, {slot: tried[slot][number] for slot, number in at.items()})
    _guess(cluster, found)
    keys = [atom.key for atom in cluster.atoms]
    return [
        cell for cell in found.values() if True in where.outcomes(dict(zip(keys, cell.answers, strict=True)))
    ]


Column = tuple[tuple[Slot, ...], dict[tuple[int, ...], Outcome]]


def _column(atom: Atom, tried: Mapping[Slot, list[Any]], cluster: Cluster, answers: Answers) -> Column:
    """An atom's answers for every combination of the slots it looks at, by the numbers of the values."""
    mine = tuple(slot for slot in tried if any(use in cluster.uses[slot] for use in atom.uses))
    if (count := prod(len(tried[slot]) for slot in mine)) > MOST_ANSWERS:
        raise TooLarge(f"`{atom.text}` would be tried with {count:,} values")
    said = answers.setdefault((atom.key, mine), {})
    found: dict[tuple[int, ...], Outcome] = {}
    for numbers in product(*(range(len(tried[slot])) for slot in mine)):
        values = tuple([tried[slot][number] for slot, number in zip(mine, numbers, strict=True)])
        if values not in said:
            said[values] = atom.answer(placed(dict(zip(mine, values, strict=True)), {}))
        found[numbers] = said[values]
    return mine, found


def _different(slot: Slot, most: int, columns: Sequence[Column]) -> list[int]:
    """Of the numbers of a slot's values, the first of each that every atom answers alike."""
    seen: list[list[Outcome]] = [[] for _ in range(most)]
    for mine, column in columns:
        if slot in mine:
            place = mine.index(slot)
            for numbers, outcome in column.items():
                seen[numbers[place]].append(outcome)
    first: dict[tuple[Outcome, ...], int] = {}
    for number, outcomes in enumerate(seen):
        first.setdefault(tuple(outcomes), number)
    return list(first.values())


def _guess(cluster: Cluster, found: dict[tuple[Outcome, ...], Cell]) -> None:
    """Beside what was seen, everything that atoms which are not exact might answer elsewhere."""
    free = [index for index, atom in enumerate(cluster.atoms) if not atom.exact]
    if not free:
        return
    may: list[tuple[Outcome, ...]] = [
        (True, False) if cluster.atoms[index].total else (True, False, None) for index in free
    ]
    fixed = {tuple(one for at, one in enumerate(outcome) if at not in free): outcome for outcome in found}
    if len(fixed) * prod(map(len, may)) > MOST_CELLS:
        raise TooLarge(f"{len(free)} conditions about {cluster.names} cannot be split into cases")
    for outcome in fixed.values():
        for answered in product(*may):
            guessed = list(outcome)
            for index, one in zip(free, answered, strict=True):
                guessed[index] = one
            found.setdefault(tuple(guessed), Cell(tuple(guessed), None))


def _repeated(block: int, width: int, size: int) -> int:
    """A pattern of `width` bits, side by side until `size` bits are full."""
    while width < size:
        block |= block << width
        width *= 2
    return block & ((1 << size) - 1)
