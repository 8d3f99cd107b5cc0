"""How often a condition may have to go around in lists: past the library's budget it fails as a whole.

That failure is unlike every other: `true || …` does not absorb it. So a condition that could get there is
never taken apart.
"""

from __future__ import annotations

from math import inf

from bot.assess.facts import vocabulary
from bot.assess.proof.values import MOST_ENTRIES, MOST_ITEMS
from bot.assess.syntax import Node

BUDGET = 10_000
"""Steps of all its loops that the library evaluates; with this many it fails (measured, and in a test)."""


def bounded(root: Node) -> bool:
    """Whether it stays below the budget, whatever the facts are."""
    return _steps(root) < BUDGET


def _steps(node: Node) -> float:
    below = [_steps(part) for part in node.parts]
    if node.kind != "other" or not below:
        return sum(below)
    # A loop: its range, and then what is worked out for each element. Literals of maps are no loops, and few.
    return below[0] + _longest(node.parts[0]) * (1 + sum(below[1:]))


def _longest(node: Node) -> float:
    match node.kind:
        case "ident" if node.name in vocabulary():
            return MOST_ENTRIES if vocabulary()[node.name].kind == "map" else MOST_ITEMS
        case "list":
            return len(node.parts)
        case "other" if node.parts:
            return _longest(node.parts[0])
    return inf
