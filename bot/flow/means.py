"""What a step that costs money by itself has to do with: models, prices, and what is left of the ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.ask.manifest import ModelCall
from bot.assess.models import NO_MODELS, Models
from bot.assess.prices import NO_PRICES, PriceCard
from bot.execute.journal import Entry
from bot.execute.steps.account import Account, Purse
from bot.settle.ledger import own_units, spent
from bot.terms import Micros, Refused

NOTHING = Micros(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """As they are when a step is made ready; `journal` is what the run has used until then."""

    models: Models = NO_MODELS
    prices: PriceCard = NO_PRICES
    ceiling: Micros = NOTHING
    journal: Sequence[Entry] = ()

    def account(self, call: ModelCall, *, step: str) -> Account:
        """Earlier attempts of the step count against its ceilings. Raises Refused without such a model."""
        if call.tier not in self.models.tiers:
            raise Refused(f"There is no {call.tier} model here. Add it to policies/models.yaml.")
        mine = [entry for entry in self.journal if entry.step == step and entry.phase == "step"]
        return Account(
            purse=self._purse(),
            ceilings=call.ceilings,
            units=self.models.units(call.tier),
            used=own_units(mine),
        )

    def most(self, call: ModelCall) -> Micros:
        """What an attempt may cost at the most: held from when it begins until it is known what it cost."""
        left = self._purse().left
        return left if call.ceilings.usd is None else Micros(min(left, call.ceilings.usd))

    def _purse(self) -> Purse:
        return Purse(prices=self.prices, ceiling=self.ceiling, spent=spent(self.journal, self.prices))


NO_MEANS = Means()
"""Where nothing may be spent: planning, and cases that are played."""
