"""Which atoms look at the same facts: what no other atom looks at need not be tried together with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.assess.proof.atom import Atom, Slot, Use


@dataclass
class Cluster:
    """Atoms that look at the same slots, and what they do with each: independent of every other cluster."""

    atoms: list[Atom]
    uses: dict[Slot, list[Use]]

    @property
    def names(self) -> str:
        return ", ".join(sorted({slot.fact for slot in self.uses}))


def clusters(atoms: Iterable[Atom]) -> list[Cluster]:
    distinct = list({atom.key: atom for atom in atoms}.values())
    every = [use for atom in distinct for use in atom.uses]
    whole = {use.slot.fact for use in every if use.slot.part is None}
    found: list[Cluster] = []
    for atom in distinct:
        mine: dict[Slot, list[Use]] = {}
        for use in atom.uses:
            slot = Slot(use.slot.fact) if use.slot.fact in whole else use.slot
            mine.setdefault(slot, []).append(use)
        joined = Cluster([atom], mine)
        for other in [one for one in found if one.uses.keys() & mine.keys()]:
            found.remove(other)
            joined.atoms = [*other.atoms, *joined.atoms]
            for slot, uses in other.uses.items():
                joined.uses[slot] = [*uses, *joined.uses.get(slot, [])]
        found.append(joined)
    return found
