"""Chapter two, first half: the skill says what it would change, by its read-only plan steps."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from pydantic import ValidationError

from bot.ask.catalog import Skill
from bot.ask.invocation import Invocation
from bot.assess.assessment import Plan
from bot.assess.risk import declared
from bot.execute.run import TRIES
from bot.execute.sandbox import Finished
from bot.execute.sandbox.walls import too_weak
from bot.flow.commands import Commands
from bot.flow.deeds import Deed, Deeds, Watched
from bot.flow.workshop import Workshop
from bot.terms import Refused, RequestId

REFUSED = 3
"""A plan that exits so has looked, and says no: its last line tells the person why."""


@dataclass(frozen=True, slots=True)
class Planning:
    workshop: Workshop

    async def plan(self, request: RequestId, invocation: Invocation, skill: Skill) -> Plan:
        """Run the plan steps in order; the last one's result is the plan.

        Raises Refused with the skill's own words when it declines, and with what went wrong when it fails.
        """
        self.holds(declared(skill.manifest.effects, invocation.environment))
        plan: Plan | None = None
        told: set[str] = set()
        async with self.workshop.copy(skill.folder, skill.files) as bench:
            for step in skill.manifest.plan:
                commands = Commands(
                    skill=skill,
                    invocation=invocation,
                    request=request,
                    bench=bench,
                    workshop=self.workshop,
                    plan=plan,
                    told=told,
                )
                deed = await Deeds(commands).ready(step.run, step=step.id, timeout_s=step.timeout)
                plan = _read(skill, step.id, await self._look(deed))
        if plan is None:
            raise Refused(f"{skill.name} has no plan step that printed a plan.")
        return plan

    def holds(self, risk: int) -> None:
        """Raises Refused when this worker's sandbox is too weak for the risk; a plan is a program as well."""
        sandbox = self.workshop.sandbox
        if why := too_weak(sandbox.tier, risk=risk, trusted=sandbox.trusted):
            raise Refused(f"{why} Nothing was changed.")

    async def _look(self, deed: Deed) -> Finished:
        """A plan only reads: one that was cut, since the worker was away, is simply made again."""
        for _ in range(TRIES):
            finished = await deed(Watched(on_line=_quiet, stop=asyncio.Event()))
            if not finished.cut:
                break
        return finished


def _read(skill: Skill, step: str, finished: Finished) -> Plan:
    result = finished.result or {}
    if finished.exit_code == REFUSED and isinstance(result.get("refused"), str):
        raise Refused(str(result["refused"]))
    if finished.timed_out:
        raise Refused(f"The plan of {skill.name} took too long (step {step}). Nothing was changed.")
    if finished.beyond:
        raise Refused(f"The plan of {skill.name} {finished.beyond} (step {step}). Nothing was changed.")
    if finished.exit_code != 0:
        last = (finished.stderr.strip() or finished.stdout.strip()).splitlines()[-1:] or ["it said nothing"]
        raise Refused(f"The plan of {skill.name} failed (step {step}): {last[0][:300]} Nothing was changed.")
    try:
        return Plan.model_validate(result)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Refused(
            f"The plan of {skill.name} is not readable (step {step}, {where}: {first['msg']}). "
            "Nothing was changed."
        ) from error


def _quiet(_line: str) -> None:
    """A plan is shown when it is whole."""
