"""The few values of each fact that answer every atom in every way there is.

Whatever a request says, one of these says the same to the atoms that are exact: each constant itself, and
between, beside or apart from the constants as many values as there are facts that could differ there.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, count, islice, pairwise, product
from typing import Any

from bot.assess.facts import Fact, vocabulary
from bot.assess.proof.atom import FEW, Slot, Use
from bot.assess.proof.clusters import Cluster

LONGEST, MOST_ITEMS, MOST_ENTRIES = 2000, 1000, 64
"""What facts.py allows a text, a list and a map."""

MOST_ELEMENTS = 10
"""Elements of one list that are told apart together: each doubles what has to be tried."""

MOST_MAPS = 10_000
"""Maps that differ in what is told apart about their entries."""


class TooLarge(Exception):
    """There are more different requests than we are ready to look at; the message says of what."""


def placed(values: Mapping[Slot, Any], onto: Mapping[str, Any]) -> dict[str, Any]:
    """Facts with these slots as given; an entry that is None is not there."""
    named = dict(onto)
    for (fact, part), value in values.items():
        kind = vocabulary()[fact].kind
        if part is None:
            named[fact] = list(value) if kind == "list" else dict(value) if kind == "map" else value
        elif kind == "list":
            rest = [one for one in named.get(fact, ()) if one != part]
            named[fact] = [*rest, part] if value else rest
        else:
            named[fact] = {key: one for key, one in named.get(fact, {}).items() if key != part}
            if value is not None:
                named[fact][part] = value
    return named


def domains(cluster: Cluster, base: Mapping[str, Any]) -> dict[Slot, list[Any]]:
    """The values to try for each slot, first the one in `base`: examples then look like a usual request."""
    words = _Words.of(cluster, base)
    return {slot: _unique([_in_base(slot, base), *_values(slot, cluster, words)]) for slot in cluster.uses}


def _in_base(slot: Slot, base: Mapping[str, Any]) -> Any:
    value, kind = base[slot.fact], vocabulary()[slot.fact].kind
    if slot.part is not None:
        return value.get(slot.part) if kind == "map" else slot.part in value
    return tuple(value) if kind == "list" else tuple(value.items()) if kind == "map" else value


def _values(slot: Slot, cluster: Cluster, words: _Words) -> Iterable[Any]:
    fact, uses = vocabulary()[slot.fact], cluster.uses[slot]
    if slot.part is not None:
        return (False, True) if fact.kind == "list" else (None, *words.all)
    match fact.kind:
        case "bool":
            return (False, True)
        case "int" | "double":
            return _numbers(fact, cluster)
        case "list":
            return _lists(uses, words)
        case "map":
            return _maps(uses, words)
    return fact.values or words.all


def _numbers(fact: Fact, cluster: Cluster) -> Iterator[float]:
    """The same for all numbers of a kind in the cluster, for they are compared with one another."""
    whole = fact.kind == "int"
    alike = [slot for slot in cluster.uses if slot.part is None and vocabulary()[slot.fact].kind == fact.kind]
    said: set[float] = set()
    for slot in alike:
        low, high = _range(vocabulary()[slot.fact])
        uses = cluster.uses[slot]
        said |= {low, high}
        said |= {one for use in uses for one in use.consts if type(one) in (int, float)}  # type: ignore[misc]
        if whole and any(use.every for use in uses) and high - low < FEW:
            said |= set(range(int(low), int(high) + 1))
    low, high = _range(fact)
    marks = sorted(said)
    between = (
        one
        for left, right in pairwise(marks)
        for one in _between(left, right, len(alike), whole=whole, first=left == marks[0])
    )
    yield from (int(one) if whole else one + 0.0 for one in (*marks, *between) if low <= one <= high)


def _range(fact: Fact) -> tuple[float, float]:
    low, high = (-(2**63), 2**63 - 1) if fact.kind == "int" else (-1e308, 1e308)
    return fact.low if fact.low is not None else low, fact.high if fact.high is not None else high


def _between(left: float, right: float, most: int, *, whole: bool, first: bool) -> Iterator[float]:
    """Up to `most` values strictly between two: whole steps where there is room, as people write them."""
    if right - left > most:
        steps = range(1, most + 1)
        yield from (right - step if first else left + step for step in steps)
    elif whole:
        yield from range(int(left) + 1, int(right))
    else:
        even = {left + (right - left) * step / (most + 1) for step in range(1, most + 1)}
        if len(even) == most and all(left < one < right for one in even):
            yield from sorted(even)
            return
        for _ in range(most):
            if (left := math.nextafter(left, math.inf)) >= right:
                return
            yield left


@dataclass
class _Words:
    """The texts of a cluster: the constants, and for each class of others as many as could differ."""

    said: list[str]
    others: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        return [*self.said, *self.others]

    @classmethod
    def of(cls, cluster: Cluster, base: Mapping[str, Any]) -> _Words:
        texts: list[str] = []
        sizes: set[int] = set()
        differ = 1
        for slot, uses in cluster.uses.items():
            fact = vocabulary()[slot.fact]
            if fact.kind not in ("string", "map", "list"):
                continue
            texts += [*fact.values, *(one for use in uses for one in use.consts if isinstance(one, str))]
            if fact.kind == "list":
                texts += [use.slot.part for use in uses if use.slot.part is not None and slot.part is None]
                continue
            if fact.kind == "string":
                texts.append(base[slot.fact])
            texted = [use for use in uses if fact.kind == "string" or use.slot.part is not None]
            sizes |= {near for use in texted for size in use.sizes for near in (size - 1, size, size + 1)}
            differ += len({use.slot.part for use in uses})
        versions = cluster.uses.get(Slot("request.version"), [])
        majors = {one.partition(".")[0] for use in versions for one in use.consts if isinstance(one, str)}
        texts += [*sorted(majors), *([""] if 0 in sizes else [])]
        found = cls([one for one in dict.fromkeys(texts) if _valid(one)])
        taken = set(found.said)
        for kind in _others(sorted(majors), sorted(sizes)):
            fresh = list(islice((one for one in kind if one not in taken), differ))
            taken |= set(fresh)
            found.others += fresh
        return found


def _others(majors: Sequence[str], sizes: Sequence[int]) -> Iterator[Iterator[str]]:
    """Texts without end that nobody mentions, for each major version and each length that is asked for."""
    yield (f"other-{number}" for number in count(1))
    yield from ((f"{major}.0.{number}" for number in count()) for major in majors)
    for prefix in ("", *(f"{major}." for major in majors)):
        for rest in (size - len(prefix) for size in sizes if len(prefix) <= size <= LONGEST):
            if rest:
                letters = (chr(code) for code in range(ord("a"), 0xD800))
                yield (f"{prefix}{one}{'x' * (rest - 1)}" for one in letters if _valid(one))
            else:
                yield iter([prefix])


def _valid(text: str) -> bool:
    return len(text) <= LONGEST and not any(unicodedata.category(one) in ("Cc", "Cs") for one in text)


def _lists(uses: Sequence[Use], words: _Words) -> Iterator[tuple[str, ...]]:
    among = any(use.among for use in uses)
    tested = [use.slot.part for use in uses if use.slot.part is not None and _valid(use.slot.part)]
    said = [one for use in uses for one in use.consts if isinstance(one, str) and _valid(one)]
    elements = list(dict.fromkeys([*tested, *said, *(words.all if among else ())]))
    if len(elements) > MOST_ELEMENTS:
        raise TooLarge(f"{len(elements)} elements of one list are told apart together")
    rest = (f"another-{number}" for number in count(1))
    filler = list(islice((one for one in rest if one not in elements), MOST_ITEMS))
    for most in range(len(elements) + 1):
        for chosen in combinations(elements, most):
            for size in _sizes(uses, most, MOST_ITEMS):
                yield (*chosen, *filler[: size - most])


def _maps(uses: Sequence[Use], words: _Words) -> Iterator[tuple[tuple[str, str], ...]]:
    tested = [use.slot.part for use in uses if use.slot.part is not None and _valid(use.slot.part)]
    said = [one for use in uses if use.every for one in use.consts if isinstance(one, str) and _valid(one)]
    keys = list(dict.fromkeys([*tested, *said]))
    if len(keys) > MOST_ENTRIES or (1 + len(words.all)) ** len(keys) > MOST_MAPS:
        raise TooLarge(f"{len(keys)} entries of one map are told apart together")
    rest = (f"another-{number}" for number in count(1))
    filler = list(islice((one for one in rest if one not in keys), MOST_ENTRIES))
    for values in product((None, *words.all), repeat=len(keys)):
        chosen = [(key, value) for key, value in zip(keys, values, strict=True) if value is not None]
        for size in _sizes(uses, len(chosen), MOST_ENTRIES):
            yield (*chosen, *((key, "") for key in filler[: size - len(chosen)]))


def _sizes(uses: Sequence[Use], least: int, most: int) -> list[int]:
    """How long it is when it has `least` of what is told apart: on both sides of every size asked for."""
    whole = [use for use in uses if use.slot.part is None]
    asked = {near for use in whole for size in use.sizes for near in (size - 1, size, size + 1)}
    if any(use.every for use in whole):
        asked |= {least + 1}
    return sorted({least, *(size for size in asked if least <= size <= most)})


def _unique(values: Iterable[Any]) -> list[Any]:
    return list({repr(one): one for one in values}.values())
