"""A leaf of a condition: what it asks of which facts, and its answer for given values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from bot.assess.compiled import Policy
from bot.assess.condition import Condition, ConditionError
from bot.assess.facts import Fact, vocabulary
from bot.assess.syntax import Const, Node

FEW = 1024
"""An int with no more values than this is tried with every one, whatever a leaf computes from it."""


class Slot(NamedTuple):
    """A fact, or one entry of a map, or whether a list has one element: what a request varies in."""

    fact: str
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """What an atom does with a slot: the constants it compares it with, the sizes it asks for.

    `every`: it could tell any two values apart. `among`: its values are looked for in a list fact.
    """

    slot: Slot
    consts: tuple[Const, ...] = ()
    sizes: tuple[int, ...] = ()
    every: bool = False
    among: bool = False


class Atom(Protocol):
    """`exact`: what `uses` says is all that its answer depends on."""

    @property
    def key(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def uses(self) -> tuple[Use, ...]: ...
    @property
    def exact(self) -> bool: ...
    @property
    def total(self) -> bool:
        """It has an answer for every request."""

    def answer(self, values: Mapping[str, Any]) -> bool | None:
        """For facts by their name; None is an error."""


class Applies:
    """Whether a policy applies to the skill and version that are asked for."""

    exact = total = True

    def __init__(self, policy: Policy) -> None:
        named = [one.partition("@") for one in policy.runbook.applies_to]
        self.policy = policy
        self.key = self.text = f"applies {policy.name}"
        majors = tuple(major for _, _, major in named if major)
        skills = tuple(skill for skill, _, _ in named if skill != "*")
        self.uses = (
            Use(Slot("request.skill"), skills),
            *((Use(Slot("request.version"), tuple(f"{major}.0.0" for major in majors)),) if majors else ()),
        )

    def answer(self, values: Mapping[str, Any]) -> bool | None:
        return self.policy.applies_to(values["request.skill"], values.get("request.version", ""))


class Leaf:
    """A part of a condition that is no `&&`, `||`, `!` or `?:` of others, answered by the CEL library."""

    def __init__(
        self, policy: Policy, condition: Condition, root: Node, text: str, *, bounded: bool = True
    ) -> None:
        lets = dict(policy.lets)
        self._lets = [(name, lets[name]) for name in sorted(condition.names & lets.keys())]
        self._policy, self._condition, self.text = policy, condition, text
        self.key = f"{policy.name}: {text}" if self._lets else text
        known = None if self._lets else _uses(root)
        facts = condition.names - lets.keys()
        facts = facts.union(*(one.names for _, one in self._lets))
        self._facts = sorted(facts)
        few = all(_few(vocabulary()[name]) for name in facts)
        self.exact = known is not None or few
        self.total = not self._lets and bounded and _total(root)
        if known is None:
            consts = tuple(node.value for node in root.walk() if node.kind == "const")
            known = [Use(Slot(name), consts, every=True) for name in self._facts]
        self.uses = tuple(known)

    def answer(self, values: Mapping[str, Any]) -> bool | None:
        language = self._policy.language
        seen = {name: values[name] for name in self._facts}
        if self._lets:
            situation = language.situation(seen)
            seen = dict(seen)
            for name, condition in self._lets:
                if (found := _holds(condition, situation)) is not None:
                    seen[name] = found
        return _holds(self._condition, language.situation(seen))


def _holds(condition: Condition, situation: Any) -> bool | None:
    try:
        return condition.holds(situation)
    except ConditionError:
        return None


def _few(fact: Fact) -> bool:
    if fact.kind == "int" and fact.low is not None and fact.high is not None:
        return fact.high - fact.low < FEW
    return fact.kind == "bool" or bool(fact.values)


_ORDER = frozenset({"_<_", "_<=_", "_>_", "_>=_"})
_EQUAL = frozenset({"_==_", "_!=_"})


def _uses(root: Node) -> list[Use] | None:
    """What a leaf of a shape we know asks for; None for every other shape."""
    if root.kind == "ident":
        return [Use(Slot(root.name))]
    if root.kind == "has":
        return [Use(Slot(root.parts[0].name, root.name))] if _is(root.parts[0], "map") else None
    if root.kind != "call" or len(root.parts) != 2:
        return None
    left, right = root.parts
    if root.name == "@in":
        return _looked_for(left, right)
    if root.name not in _ORDER | _EQUAL:
        return None
    for sized, number in ((left, right), (right, left)):
        if sized.kind == "call" and sized.name == "size" and type(number.value) is int:
            return _sized(sized.parts[0], number.value)
    return _compared((left, right), ordered=root.name in _ORDER)


def _compared(sides: tuple[Node, ...], *, ordered: bool) -> list[Use] | None:
    slots = [slot for side in sides if (slot := _slot(side)) is not None]
    consts = tuple(side.value for side in sides if side.kind == "const")
    if not slots or len(slots) + len(consts) != len(sides):
        return None
    kinds = {_kind(slot) for slot in slots}
    if ordered and not kinds <= {"int", "double"}:
        return None
    return [Use(slot, consts) for slot in slots]


def _looked_for(what: Node, where: Node) -> list[Use] | None:
    slot = _slot(what)
    if where.kind == "list":
        return _compared((what, *where.parts), ordered=False) if where.parts else None
    if isinstance(what.value, str) and (_is(where, "list") or _is(where, "map")):
        return [Use(Slot(where.name, what.value))]
    if slot is not None and _is(where, "list"):
        return [Use(slot, among=True), Use(Slot(where.name), among=True)]
    return None


def _sized(what: Node, number: int) -> list[Use] | None:
    if _is(what, "list") or _is(what, "map"):
        return [Use(Slot(what.name), sizes=(number,))]
    slot = _slot(what)
    return [Use(slot, sizes=(number,))] if slot is not None and slot.fact != "request.version" else None


def _slot(node: Node) -> Slot | None:
    """A scalar fact, or an entry of a map."""
    if node.kind == "ident" and node.name in vocabulary():
        return None if vocabulary()[node.name].kind in ("list", "map") else Slot(node.name)
    if node.kind == "select" and _is(node.parts[0], "map"):
        return Slot(node.parts[0].name, node.name)
    if node.kind == "call" and node.name == "_[_]" and _is(node.parts[0], "map"):
        key = node.parts[1].value
        return Slot(node.parts[0].name, key) if isinstance(key, str) else None
    return None


def _kind(slot: Slot) -> str:
    return "string" if slot.part is not None else vocabulary()[slot.fact].kind


def _is(node: Node, kind: str) -> bool:
    return node.kind == "ident" and node.name in vocabulary() and vocabulary()[node.name].kind == kind


_LOGIC = frozenset({"_&&_", "_||_", "!_", "_?_:_", "@not_strictly_false"})
_TOTAL = _LOGIC | _ORDER | _EQUAL | {"@in", "size", "startsWith", "endsWith", "contains"}


def _total(root: Node) -> bool:
    """Whether nothing in it can be an error: no entry of a map, no arithmetic, no conversion."""
    return all(_cannot_fail(node) for node in root.walk())


def _cannot_fail(node: Node) -> bool:
    return node.name in _TOTAL if node.kind == "call" else node.kind != "select"
