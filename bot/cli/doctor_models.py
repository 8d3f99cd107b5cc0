"""What `assent doctor` says of models: whether skills that ask one can, whether it has a key and a price."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Literal

from bot.terms import Refused

if TYPE_CHECKING:
    from bot.config import Config

Verdict = Literal["good", "wrong", "warning", "not looked at"]


async def examine(config: Config) -> AsyncIterator[tuple[Verdict, str]]:
    """No model is asked: that costs."""
    from bot.artifacts import Artifacts
    from bot.assess.models import lacking
    from bot.connectors import secrets
    from bot.execute.steps.account import MODEL_CALLS

    artifacts = Artifacts(config.skills_dir, config.policies_dir)
    policies, skills = artifacts.policies(), artifacts.skills()
    for skill in skills.values():
        if not skill.unarmed and (why := lacking(skill.manifest, policies.models)):
            yield "wrong", why
    for tier, one in policies.models.tiers.items():
        try:
            if one.credential is not None:
                await secrets.value(f"of the {tier} model", one.credential.source, os.environ)
        except Refused as refusal:
            yield "wrong", str(refusal)
        else:
            yield "good", f"{tier}: {one.model} at {one.api_base}"
        units = (*policies.models.units(tier), MODEL_CALLS)
        if unpriced := [unit for unit in units if policies.prices.price(unit, 1) is None]:
            what = f"{tier}: {', '.join(unpriced)} without a price in policies/prices.yaml"
            yield "warning", f"{what}: one call takes the whole ceiling of a run."
