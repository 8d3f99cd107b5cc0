"""What a model step has used and may still use: every call must fit, at its worst, before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.ask.manifest import Ceilings
from bot.assess.prices import PriceCard
from bot.terms import Micros, Refused, dollars

MODEL_CALLS, TOOL_CALLS = "model_calls", "tool_calls"
LEAST_ANSWER = 64
"""Tokens; with room for fewer than these there is no point in asking."""
USUAL_CALLS = 2
"""When the skill does not say: the answer, and one more try when it did not keep to its schema."""


class OverCeiling(Refused):
    """The next call could cost more than may be spent, so it is not made."""


@dataclass(frozen=True, slots=True)
class Usage:
    input: int
    output: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """What the run may spend in all, and what it has. `spent` is None when some of that has no price."""

    prices: PriceCard
    ceiling: Micros
    spent: Micros | None

    @property
    def left(self) -> Micros:
        """Nothing, where nobody knows: what has no price may have used up the ceiling."""
        return Micros(0) if self.spent is None else Micros(max(0, self.ceiling - self.spent))


@dataclass(slots=True, kw_only=True)
class Account:
    """Counted by unit, so that what is written down can be priced again. `used` are earlier attempts."""

    purse: Purse
    ceilings: Ceilings
    units: tuple[str, str]
    used: Mapping[str, float] = field(default_factory=dict)
    calls: int = 0
    input: int = 0
    output: int = 0
    looked_up: int = 0

    def look_up(self) -> None:
        """One verb is asked, or refused. Raises OverCeiling when no more may be, or it costs too much."""
        allowed = self.ceilings.calls or USUAL_CALLS
        if self._sum(TOOL_CALLS, self.looked_up) + 1 > allowed:
            raise OverCeiling(f"It has looked up the {allowed} things that it may (ceilings.calls).")
        self.looked_up += 1
        cost = self._cost(self.input, self.output, self.calls)
        if cost is None:
            raise OverCeiling(
                f"One of {', '.join(self.units)}, {MODEL_CALLS} and {TOOL_CALLS} has no price, so nothing "
                "more than one call is made. Add it to policies/prices.yaml."
            )
        if cost > self._limit():
            raise OverCeiling(
                f"With what it would look up it costs {dollars(cost)}, and {dollars(self._limit())} may "
                "be spent."
            )

    @property
    def last_call(self) -> bool:
        """Whether the next call is the last one that it may make, or nothing more may be looked up."""
        allowed = self.ceilings.calls or USUAL_CALLS
        return (
            self._sum(MODEL_CALLS, self.calls) + 1 >= allowed
            or self._sum(TOOL_CALLS, self.looked_up) >= allowed
        )

    def room(self, prompt: int, *, wanted: int) -> int:
        """How long the next answer may be, `prompt` being the most tokens that asking can take.

        Raises OverCeiling when not even a short answer fits into what is left of the step's and the run's.
        """
        allowed = self.ceilings.calls or USUAL_CALLS
        if self._sum(MODEL_CALLS, self.calls) + 1 > allowed:
            raise OverCeiling(f"It has made the {allowed} calls that it may make (ceilings.calls).")
        most = wanted
        if self.ceilings.tokens is not None:
            gone = self._sum(self.units[0], self.input) + self._sum(self.units[1], self.output)
            left = max(0, int(self.ceilings.tokens - gone))
            most = min(most, left - prompt)
            if most < LEAST_ANSWER:
                raise OverCeiling(
                    f"Asking takes up to {prompt:,} tokens and an answer at least {LEAST_ANSWER}; of "
                    f"ceilings.tokens ({self.ceilings.tokens:,}) {left:,} are left."
                )
        return self._affordable(prompt, most)

    def count(self, usage: Usage | None, *, prompt: int, answer: int) -> None:
        """One call was made. Without a usage it counts as the most that it could have used."""
        self.calls += 1
        self.input += usage.input if usage else prompt
        self.output += usage.output if usage else answer

    def refused(self) -> None:
        """One call was made, and was turned away before it could cost anything."""
        self.calls += 1

    @property
    def spent(self) -> dict[str, float]:
        """By unit, this attempt alone."""
        counted = {
            MODEL_CALLS: self.calls,
            TOOL_CALLS: self.looked_up,
            self.units[0]: self.input,
            self.units[1]: self.output,
        }
        return {unit: float(amount) for unit, amount in counted.items() if amount}

    def cost(self) -> Micros | None:
        return self.purse.prices.cost(self.spent)

    def over(self) -> str:
        """Whether more was used than it could have: a model that does not keep to the length it was given."""
        cost = self._cost(self.input, self.output, self.calls)
        if cost is not None and cost > self._limit():
            return f"It cost {dollars(cost)}, more than the {dollars(self._limit())} it had."
        return ""

    def _affordable(self, prompt: int, most: int) -> int:
        """The longest answer whose price fits: found by halving, prices are rounded and only rise."""
        limit, calls = self._limit(), self.calls + 1
        least = self._cost(self.input + prompt, self.output + LEAST_ANSWER, calls)
        if least is None:  # never zero: one call takes everything there is
            if self.calls or self.used or not limit:
                raise OverCeiling(
                    f"One of {', '.join(self.units)} and {MODEL_CALLS} has no price, so a call takes the "
                    "whole ceiling, and something was used already. Add it to policies/prices.yaml."
                )
            return most
        if least > limit:
            raise OverCeiling(
                f"The next call could cost {dollars(least)} with what was asked before, and "
                f"{dollars(limit)} may be spent."
            )
        low, high = LEAST_ANSWER, max(most, LEAST_ANSWER)
        while low < high:
            middle = (low + high + 1) // 2
            cost = self._cost(self.input + prompt, self.output + middle, calls)
            low, high = (middle, high) if cost is not None and cost <= limit else (low, middle - 1)
        return low

    def _limit(self) -> Micros:
        """What this attempt may cost: the least of what the step and the run have left."""
        usd = self.ceilings.usd
        if usd is None:
            return self.purse.left
        before = self.purse.prices.cost(self.used)
        return Micros(0) if before is None else Micros(min(max(0, usd - before), self.purse.left))

    def _cost(self, prompt: int, answer: int, calls: int) -> Micros | None:
        used = {
            MODEL_CALLS: calls,
            TOOL_CALLS: self.looked_up,
            self.units[0]: prompt,
            self.units[1]: answer,
        }
        return self.purse.prices.cost({unit: float(amount) for unit, amount in used.items() if amount})

    def _sum(self, unit: str, now: int) -> float:
        return self.used.get(unit, 0.0) + now
