"""Models as the cases of a skill play them: each says what the case says, and nobody is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from bot.assess.models import Models, ModelTier, Tier
from bot.assess.prices import PriceCard
from bot.execute.steps.account import MODEL_CALLS, TOOL_CALLS, Usage
from bot.execute.steps.model import Answered, Asking, Reply, Unanswered
from bot.flow.means import Means
from bot.terms import Micros

_NOWHERE = ModelTier(model="openai/case", api_base="http://127.0.0.1")
_TIERS: tuple[Tier, ...] = ("small", "large")
_UNITS = (MODEL_CALLS, TOOL_CALLS, *(f"{one}_{way}_tokens" for one in _TIERS for way in ("input", "output")))

FREE = Means(
    models=Models(version="cases", tiers=dict.fromkeys(_TIERS, _NOWHERE)),
    prices=PriceCard.model_validate(
        {"version": "cases", "currency": "USD", "units": {unit: {"usd": "0"} for unit in _UNITS}}
    ),
    ceiling=Micros(1_000_000),
)
"""What a case may spend: nothing is asked, so nothing costs anything. Ceilings in tokens and calls hold."""


@dataclass(slots=True)
class CaseModels:
    """`step` is the one that runs now."""

    said: Mapping[str, Mapping[str, JsonValue]]
    step: str = ""

    async def load(self) -> None:
        return None

    async def ask(self, asking: Asking) -> Reply:
        if self.step not in self.said:
            return Unanswered(why=f"The case says no answer. Add models: {{{self.step}: {{…}}}}.", free=True)
        return Answered(text=json.dumps(self.said[self.step], ensure_ascii=False), usage=Usage(1, 1))
