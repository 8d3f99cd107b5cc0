"""Whether seats can be filled at all by different people, as far as files know who there is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.assess.decision import Seat
from bot.assess.roster import Roster
from bot.terms import Principal

Pool = frozenset[Principal] | None
"""Who may take a seat; None when somebody else has to be asked: Slack, or a schedule."""


def pool(seat: Seat, roster: Roster | None) -> Pool:
    """Everybody who may take it by the files, and None when it may be somebody they do not know."""
    named = {seat.person} if seat.person is not None else set()
    groups = [roster.members(str(group)) if roster is not None else None for group in seat.groups]
    if None in groups:
        return None
    return frozenset(named).union(*(group for group in groups if group is not None))


def short_of(
    all_of: Sequence[Seat],
    any_of: Sequence[Seat],
    roster: Roster | None,
    *,
    without: Iterable[Principal] = (),
) -> tuple[int, int] | None:
    """How many people are asked and how many of the seats can be filled, in the best choice there is.

    None when all of them can. Seats of people nobody here knows are taken to be filled by others.
    """
    gone = frozenset(without)
    best: tuple[int, int] | None = None
    for chosen in any_of or (None,):
        seats = [*all_of, *((chosen,) if chosen is not None else ())]
        pools = [known for seat in seats for known in [pool(seat, roster)] * seat.count if known is not None]
        filled = most_seated([one - gone for one in pools])
        if filled == len(pools):
            return None
        if best is None or len(pools) - filled < best[0] - best[1]:
            best = (len(pools), filled)
    return best


def most_seated(pools: Sequence[frozenset[Principal]]) -> int:
    """The most seats that different people can take, by augmenting paths."""
    taken: dict[Principal, int] = {}

    def place(seat: int, tried: set[Principal]) -> bool:
        for person in pools[seat] - tried:
            tried.add(person)
            if person not in taken or place(taken[person], tried):
                taken[person] = seat
                return True
        return False

    return sum(place(seat, set()) for seat in range(len(pools)))
