"""Which tier a worker's steps run in: what whoever runs it asked for, and what this machine really has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.connectors.walls.around import Wall
from bot.connectors.walls.probing import Tried, tried
from bot.execute.sandbox.walls import TIERS, WALLED_FROM_RISK, Tier
from bot.terms import Refused

Choice = Literal["auto", "any"] | Tier
"""`auto`: the best there is, and without walls only what has little risk. `any`: whatever is best will do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """`trusted`: whoever runs the worker said that it will do for every run. `looked_at` is best first."""

    wall: Wall | None
    trusted: bool
    looked_at: tuple[Tried, ...]

    @property
    def tier(self) -> Tier:
        return self.looked_at[-1].tier

    @property
    def why_not_better(self) -> str:
        """Each better tier and what it lacks here; empty for the best one, and for one that was asked for."""
        return "; ".join(f"no {one.tier}: {one.why}" for one in self.looked_at[:-1])

    @property
    def warning(self) -> str:
        """What whoever runs the worker should know of it; empty when steps are walled in."""
        if self.wall is not None:
            return ""
        why = f" ({self.why_not_better})" if self.why_not_better else ""
        then = (
            "ASSENT_SANDBOX says that this will do"
            if self.trusted
            else f"runs of risk {WALLED_FROM_RISK} and above are refused"
        )
        return f"Steps are NOT WALLED IN on this machine{why}: {then}."


async def choose(choice: Choice) -> Chosen:
    """Try tiers until one holds. Raises Refused when the one that was asked for does not."""
    if choice != "auto" and choice != "any":
        one = await tried(choice)
        if one.why:
            raise Refused(f"ASSENT_SANDBOX is {choice}, and this machine does not have it: {one.why}.")
        return Chosen(wall=one.wall, trusted=True, looked_at=(one,))
    looked_at: list[Tried] = []
    for tier in TIERS:
        looked_at.append(one := await tried(tier))
        if not one.why:
            break
    return Chosen(wall=looked_at[-1].wall, trusted=choice == "any", looked_at=tuple(looked_at))
