"""How a condition is put together from leaves, and what that says for every request at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain
from typing import NamedTuple

from bot.assess import spelling, syntax
from bot.assess.compiled import Policy
from bot.assess.condition import Condition, ConditionFault, Language
from bot.assess.proof.atom import Atom, Leaf
from bot.assess.proof.effort import bounded
from bot.assess.syntax import Node


class Split(NamedTuple):
    """The requests a formula is true for, and false for; for the others it has no answer."""

    true: int
    false: int


Outcome = bool | None
Outcomes = frozenset[Outcome]
EITHER: Outcomes = frozenset({True, False, None})


@dataclass(frozen=True, slots=True)
class Formula:
    """`kind`: atom, known, not, and, or, if. Errors are absorbed by `and` and `or` as CEL does it."""

    kind: str
    parts: tuple[Formula, ...] = ()
    atom: Atom | None = None
    value: bool = False

    def atoms(self) -> Iterator[Atom]:
        if self.atom is not None:
            yield self.atom
        yield from chain.from_iterable(part.atoms() for part in self.parts)

    def split(self, every: int, of: Callable[[Atom], Split]) -> Split:
        """Over the requests whose bits are in `every`, with each atom split already."""
        if self.atom is not None:
            return of(self.atom)
        found = [part.split(every, of) for part in self.parts]
        match self.kind:
            case "not":
                return Split(found[0].false, found[0].true)
            case "and":
                return Split(
                    reduce(int.__and__, (one.true for one in found)),
                    reduce(int.__or__, (one.false for one in found)),
                )
            case "or":
                return Split(
                    reduce(int.__or__, (one.true for one in found)),
                    reduce(int.__and__, (one.false for one in found)),
                )
            case "if":
                asked, then, other = found
                return Split(
                    asked.true & then.true | asked.false & other.true,
                    asked.true & then.false | asked.false & other.false,
                )
        return Split(every, 0) if self.value else Split(0, every)

    def outcomes(self, known: Mapping[str, Outcome]) -> Outcomes:
        """What it can come out as when only some atoms, by their key, are answered; None is an error."""
        if self.atom is not None:
            return frozenset({known[self.atom.key]}) if self.atom.key in known else EITHER
        found = [part.outcomes(known) for part in self.parts]
        match self.kind:
            case "not":
                return frozenset(None if one is None else not one for one in found[0])
            case "and" | "or":
                ends = self.kind == "or"
                return frozenset(
                    outcome
                    for outcome, possible in (
                        (ends, any(ends in one for one in found)),
                        (not ends, all((not ends) in one for one in found)),
                        (None, any(None in one for one in found) and all(one != {ends} for one in found)),
                    )
                    if possible
                )
            case "if":
                asked, then, other = found
                taken = [then] * (True in asked) + [other] * (False in asked)
                return frozenset(chain(*taken, (None,) if None in asked else ()))
        return frozenset({self.value})


@dataclass
class Reader:
    """Formulas of one policy's conditions; its named conditions are looked into."""

    policy: Policy
    _read: dict[str, Formula] = field(default_factory=dict)

    def read(self, condition: Condition) -> Formula:
        return self._formula(condition, self.policy.language)

    def membership(self, groups: tuple[str, ...]) -> Formula:
        """Whether who asks is in one of these groups."""
        quoted = [group.replace("\\", "\\\\").replace('"', '\\"') for group in groups]
        source = " || ".join(f'"{group}" in actor.groups' for group in quoted)
        return self.read(self.policy.language.compile(source))

    def _formula(self, condition: Condition, language: Language) -> Formula:
        text = spelling.bare(condition.source)
        if text not in self._read:
            self._read[text] = self._parsed(text, condition, language)
        return self._read[text]

    def _parsed(self, text: str, condition: Condition, language: Language) -> Formula:
        root = syntax.read(condition.expression.serialize()).root
        named = dict(self.policy.lets)
        if root.kind == "const" and isinstance(root.value, bool):
            return Formula("known", value=root.value)
        if root.kind == "ident" and root.name in named:
            return self._formula(named[root.name], language)
        for name, kind, parts in _ways(root, text) if bounded(root) else ():
            if (found := self._parts(root, name, parts, language)) is not None:
                return Formula(kind, tuple(found))
        return Formula("atom", atom=Leaf(self.policy, condition, root, text, bounded=bounded(root)))

    def _parts(self, root: Node, name: str, sources: list[str], language: Language) -> list[Formula] | None:
        """The parts, if they really are those of the tree; None leaves the condition whole."""
        try:
            parts = [language.compile(source) for source in sources]
        except ConditionFault:
            return None
        trees = [syntax.read(part.expression.serialize()).root for part in parts]
        flat = name in ("_&&_", "_||_")
        ours = [_shape(one) for tree in trees for one in (_operands(tree, name) if flat else (tree,))]
        theirs = [_shape(one) for one in (_operands(root, name) if flat else root.parts)]
        if ours != theirs:
            return None
        return [self._formula(part, language) for part in parts]


def _ways(root: Node, text: str) -> Iterator[tuple[str, str, list[str]]]:
    """How the text of an operator is cut; nothing for a leaf."""
    match root.name if root.kind == "call" else "":
        case "_&&_":
            yield "_&&_", "and", spelling.split(text, "&&")
        case "_||_":
            yield "_||_", "or", spelling.split(text, "||")
        case "!_":
            yield "!_", "not", [text.lstrip("! \t\n")]
        case "_?_:_":
            asked, *rest = spelling.split(text, "?", 1)
            if rest:
                yield "_?_:_", "if", [asked, *spelling.split(rest[0], ":", 1)]


def _operands(node: Node, name: str) -> Iterator[Node]:
    """The operands of a chain: the library balances `a && b && c` into a tree."""
    if node.kind == "call" and node.name == name:
        for part in node.parts:
            yield from _operands(part, name)
    else:
        yield node


def _shape(node: Node) -> object:
    """A tree without what differs from one reading to the next."""
    if node.kind == "call" and node.name in ("_&&_", "_||_"):
        return (node.name, *(_shape(one) for one in _operands(node, node.name)))
    kind = type(node.value).__name__
    return (node.kind, node.name, kind, repr(node.value), *(_shape(part) for part in node.parts))
