"""Conditions in CEL, through the only door to the library that evaluates them.

What the library does by itself and must not happen here: evaluation errors come back as values that are true
in Python; `DYN` crashes the process on nested data; `has(request.risk)` answers with the risk. So: nothing
dynamic, the result is `True` or `False` itself, and whatever else comes back is an error. Facts are checked
before they get here (facts.py), because a string is cut at its NUL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.ask.catalog import did_you_mean
from bot.assess import spelling, syntax
from bot.assess.facts import Fact, Kind
from bot.assess.syntax import Node, Tree

LONGEST = 5000
"""More than an author may write: a gate that unfolds says a little more than its `when`."""
_AT = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_CODE = re.compile(r"^[A-Z_]+: |\s*\[[A-Z_]+\]$")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_COMPARISONS = frozenset({"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"})


class ConditionFault(Exception):
    """A condition that must not be used, with the place in it and what would be right."""

    def __init__(self, message: str, hint: str = "", *, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message, self.hint, self.line, self.column = message, hint, line, column


class ConditionError(Exception):
    """A condition that has no answer for these facts. Never the same as false."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Facts made ready once for any number of conditions of one language."""

    activation: Any


@dataclass(frozen=True, slots=True)
class Condition:
    """`names` are the facts and named conditions that it looks at."""

    source: str
    names: frozenset[str]
    expression: Any

    def holds(self, situation: Situation) -> bool:
        """Whether it is true; raises ConditionError when that cannot be said."""
        try:
            answer = self.expression.eval(situation.activation).value()
        except (RuntimeError, TypeError, ValueError) as error:
            raise ConditionError(str(error)) from None
        if answer is True or answer is False:
            return bool(answer)
        raise ConditionError(str(answer))


@dataclass(frozen=True, slots=True)
class Together:
    """Conditions asked in one go: the way to the library and back takes longer than most answers."""

    count: int
    expression: Any

    def hold(self, situation: Situation) -> Sequence[bool] | None:
        """Whether each is true, in their order; None when some have no answer: then ask one by one."""
        try:
            answers = self.expression.eval(situation.activation).plain_value()
        except (RuntimeError, TypeError, ValueError):
            return None
        said = isinstance(answers, list) and len(answers) == self.count and set(map(type, answers)) == {bool}
        return answers if said else None


class Language:
    """CEL over a closed vocabulary. `vocabulary` may have named conditions as facts of kind bool."""

    def __init__(self, vocabulary: Mapping[str, Fact]) -> None:
        self.vocabulary = vocabulary
        self._env, self._bool = _library(tuple((fact.name, fact.kind) for fact in vocabulary.values()))

    def situation(self, values: Mapping[str, Any]) -> Situation:
        return Situation(self._env.Activation(values))

    def compile(self, source: str) -> Condition:
        """Checked against the vocabulary; raises ConditionFault."""
        if len(source) > LONGEST:
            raise ConditionFault(f"a condition has at most {LONGEST} characters", "Name its parts under let.")
        try:
            expression = self._env.compile(source)
        except RuntimeError as error:
            raise self._fault(str(error)) from None
        if expression.return_type() != self._bool:
            kind = str(expression.return_type()).lower()
            raise ConditionFault(
                f"a condition is true or false, and this is {kind}", "Compare it with something."
            )
        try:
            tree = syntax.read(expression.serialize())
        except syntax.TooDeep:
            raise ConditionFault("this is nested too deeply", "Name its parts under let.") from None
        for fault in self._lint(tree, source):
            raise fault
        names = frozenset(node.name for node in tree.root.walk() if node.kind == "ident")
        return Condition(source, names & self.vocabulary.keys(), expression)

    def together(self, conditions: Sequence[Condition]) -> Together | None:
        """None where the library does not take so much at once."""
        # Each in brackets of its own and with the end of its line: not even a comment reaches into the next.
        source = ",".join(f"({one.source}\n)" for one in conditions)
        try:
            return Together(len(conditions), self._env.compile(f"[{source}]"))
        except RuntimeError:
            return None

    def conjuncts(self, condition: Condition) -> tuple[Condition, ...]:
        """The parts that must all be true, also those within brackets, for saying which one was not."""
        root = syntax.read(condition.expression.serialize()).root
        if root.name != "_&&_":
            return (condition,)
        parts = spelling.split(spelling.bare(condition.source), "&&")
        return tuple(one for part in parts for one in self.conjuncts(self.compile(part)))

    def _fault(self, message: str) -> ConditionFault:
        found = _AT.search(message)
        if found is None:
            return ConditionFault(_CODE.sub("", message.splitlines()[0]), "Name its parts under let.")
        line, column, words = max(1, int(found[1])), max(1, int(found[2])), _CODE.sub("", found[3])
        if unknown := _UNDECLARED.search(words):
            hint = did_you_mean(unknown[1], list(self.vocabulary)).strip()
            known = f"Known: {', '.join(self.vocabulary)}."
            return ConditionFault(f"there is no fact {unknown[1]}", hint or known, line=line, column=column)
        hint = "Write the number with a decimal point: 5.0." if "double" in words and "int" in words else ""
        return ConditionFault(words, hint, line=line, column=column)

    def _lint(self, tree: Tree, source: str) -> Iterator[ConditionFault]:
        if tree.dynamic:
            yield ConditionFault(
                "values of mixed or unknown type are not allowed", "Leave out dyn() and mixed lists."
            )
        for node in tree.root.walk():
            line, column = _place(source, tree.offsets.get(node.id, 0))
            if node.name in self.vocabulary and source[tree.offsets.get(node.id, 0) :][:1] == "(":
                # A fact stands at its own name or dot; at a bracket stands only what has() unfolds into.
                yield ConditionFault(
                    f"has({node.name}) does not ask what it seems to: {node.name} is always there",
                    "has() is for entries of a map: has(request.inputs.service).",
                    line=line,
                    column=column,
                )
            if node.kind == "call" and len(node.parts) == 2:
                for message, hint in self._compared(node):
                    yield ConditionFault(message, hint, line=line, column=column)

    def _compared(self, node: Node) -> Iterator[tuple[str, str]]:
        """Literals that the fact beside them can never be."""
        left, right = node.parts
        if left.kind != "ident" and node.name in _COMPARISONS:
            left, right = right, left
        fact = self.vocabulary.get(left.name) if left.kind == "ident" else None
        if fact is None or not (node.name in _COMPARISONS or node.name == "@in"):
            return
        for literal in right.parts if right.kind == "list" else (right,):
            if literal.kind != "const" or isinstance(literal.value, bytes):
                continue
            value = literal.value
            if isinstance(value, str) and fact.values and value not in fact.values:
                hint = did_you_mean(value, list(fact.values)).strip()
                yield (
                    f'{fact.name} is never "{value}"',
                    f"{hint} It is one of {', '.join(fact.values)}.".strip(),
                )
            elif isinstance(value, int | float) and not isinstance(value, bool) and not _within(value, fact):
                yield f"{fact.name} is never {value}", f"It is {_range(fact)}."


@lru_cache(maxsize=128)
def _library(kinds: tuple[tuple[str, Kind], ...]) -> tuple[Any, Any]:
    """The library's own environment, and its bool. To make one takes as long as ten conditions."""
    # Imported here: 10 ms and 6 MB that a process which never judges need not spend.
    from cel_expr_python import cel

    types = {
        "string": cel.Type.STRING,
        "int": cel.Type.INT,
        "double": cel.Type.DOUBLE,
        "bool": cel.Type.BOOL,
        "list": cel.Type.List(cel.Type.STRING),
        "map": cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
    }
    return cel.NewEnv(variables={name: types[kind] for name, kind in kinds}), cel.Type.BOOL


def _within(value: float, fact: Fact) -> bool:
    return (fact.low is None or value >= fact.low) and (fact.high is None or value <= fact.high)


def _range(fact: Fact) -> str:
    if fact.high is None:
        return f"{fact.low:g} or more"
    return f"at most {fact.high:g}" if fact.low is None else f"{fact.low:g} to {fact.high:g}"


def _place(source: str, offset: int) -> tuple[int, int]:
    before = source[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")
