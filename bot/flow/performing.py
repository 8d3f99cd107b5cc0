"""One move of a run, carried out: written down before, done, written down after, all under one fence."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypedDict

from pydantic import JsonValue, TypeAdapter

from bot.ask.manifest import Check as Wanted
from bot.ask.manifest import DoneWhen, ModelCall, Precondition, Step
from bot.assess.assessment import digest_of
from bot.execute.journal import Entry, Phase
from bot.execute.sandbox import Finished
from bot.execute.steps import Does, measuring, what
from bot.flow.commands import Commands
from bot.flow.commit import Commit, Declined, Output
from bot.flow.deeds import Deed, Deeds, Watched
from bot.flow.leasing import Hold, LeaseLost
from bot.flow.notice import Notice
from bot.flow.ports import Store
from bot.flow.request import Request
from bot.lifecycle import Event, State
from bot.settle.outcome import judge, met

_JSON = TypeAdapter(dict[str, JsonValue])
OUTPUT_KEPT = 4000
"""Characters of a step's output that stay in the journal: its end, where the reason stands."""


class _InFull(TypedDict, total=False):
    output: Output
    tell: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class Performing:
    store: Store
    hold: Hold
    commands: Commands

    @property
    def deeds(self) -> Deeds:
        return Deeds(self.commands)

    async def look(self, first: Precondition) -> None:
        """Whether it holds; what cannot be told does not."""
        await self._effect(first, "precondition", what(first.action))

    async def rest(self, seconds: float) -> None:
        """Wait before a step is tried again; a Stop does not wait with it."""
        if seconds:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.hold.ended.wait(), seconds)
            self.hold.check()

    async def step(self, step: Step) -> None:
        await self._effect(step, "step", what(step))

    async def probe(self, step: Step) -> None:
        """Exit 0: it happened; 1: it did not; anything else: the probe cannot tell."""
        await self._effect(step, "probe", what(step.probe))

    async def undo(self, step: Step) -> None:
        await self._effect(step, "undo", what(step.undo))

    async def measure(self, done_when: DoneWhen, also: Sequence[Wanted]) -> None:
        """Hold what was measured against the definition of done, the skill's and what policies add to it.

        No measurement is not a good one.
        """
        wanted = done_when.measure
        deed = await self.deeds.ready(measuring(wanted), step="measure", timeout_s=wanted.timeout)
        began = Entry(
            event="began",
            step="measure",
            phase="measure",
            title="Measure whether it is done",
            **self._stamp(),
        )
        await self._write(Event.STEP_BEGAN, began)
        finished = await self._done(deed)
        if finished.cut:
            return
        observed = _result(finished) if finished.exit_code == 0 else None
        checks = judge([self._filled(check) for check in (*done_when.checks, *also)], observed)
        ended = _ended(began, finished, ok=met(checks)).model_copy(update={"checks": checks})
        await self._write(Event.STEP_ENDED, ended, said=_said_in_full(finished))

    async def _effect(self, step: Step | Precondition, phase: Phase, does: Does) -> None:
        """Write that it begins, do it, write how it ended. What was cut stays open: nobody knows."""
        title = self.commands.fill(step.title, step=step.id)
        deed = await self.deeds.ready(does, step=step.id, timeout_s=step.timeout, undo=phase == "undo")
        most = self.commands.means.most(does) if isinstance(does, ModelCall) else None
        began = Entry(event="began", step=step.id, phase=phase, title=title, most=most, **self._stamp())
        await self._write(Event.STEP_BEGAN, began)
        finished = await self._done(deed)
        if finished.cut:
            return
        ok: bool | None = finished.exit_code == 0
        if phase == "probe" and finished.exit_code not in (0, 1):
            ok = None
        await self._write(Event.STEP_ENDED, _ended(began, finished, ok=ok), said=_said_in_full(finished))

    async def _done(self, deed: Deed) -> Finished:
        self.hold.progress = ""
        finished = await deed(Watched(on_line=self.hold.say, stop=self.hold.ended, until=self.hold.until))
        self.hold.check()
        return finished

    async def _write(self, event: Event, entry: Entry, *, said: str = "") -> None:
        """`said` is all that was said; what is longer than the record keeps goes to the thread as a file."""
        request = await mine(self.store, self.hold)
        commit = Commit(
            op=f"{event.value}:{self.hold.fence}:{len(request.journal)}",
            request=self.hold.request,
            event=event,
            fence=self.hold.fence,
            entry=entry,
            **self._in_full(entry, said, len(request.journal)),
            set={"progress": ""},
            audit={"principal": "assent", **_said(entry, self.commands.skill.manifest.evidence)},
        )
        done = await self.hold.insist(lambda: self.store.commit(commit))
        if isinstance(done, Declined):
            raise LeaseLost(f"{self.hold.request}: {done.reason} {done.detail}")

    def _in_full(self, entry: Entry, said: str, number: int) -> _InFull:
        if len(said) <= OUTPUT_KEPT:
            return {}
        name = f"{self.hold.fence}-{number}-{entry.step}"
        text = f"All that {entry.title or entry.step} said"
        notice = Notice(request=self.hold.request, kind="output", text=text, output=name)
        return {"output": Output(name=name, text=said), "tell": (notice,)}

    def _filled(self, check: Wanted) -> Wanted:
        if not isinstance(check.equals, str):
            return check
        return check.model_copy(update={"equals": self.commands.fill(check.equals)})

    def _stamp(self) -> dict[str, JsonValue]:
        """The store writes its own time and fence; these only make the record whole until then."""
        return {"fence": self.hold.fence, "at": 0, "tier": self.commands.sandbox.tier}


async def mine(store: Store, hold: Hold) -> Request:
    """The request as stored, if it still is this worker's to work on."""
    request = await hold.insist(lambda: store.get(hold.request))
    if request is None or request.fence != hold.fence or request.state is not State.RUNNING:
        raise LeaseLost(f"{hold.request} is not this worker's any more.")
    return request


def _ended(began: Entry, finished: Finished, *, ok: bool | None) -> Entry:
    return began.model_copy(
        update={
            "event": "ended",
            "ok": ok,
            "exit_code": finished.exit_code,
            "wall_ms": finished.wall_ms,
            "output": _output(finished),
            "reason": finished.beyond,
            "result": _result(finished),
            "units": dict(finished.units),
            "uses": finished.uses,
            "most": None,
        }
    )


def _result(finished: Finished) -> dict[str, JsonValue] | None:
    return None if finished.result is None else _JSON.validate_python(dict(finished.result))


def _said_in_full(finished: Finished) -> str:
    """All that is kept of both streams; what was dropped of them is said where it is missing."""
    heard = finished.stderr.strip()
    return f"{finished.stdout.rstrip()}\n" + (f"\n--- standard error\n{heard}\n" if heard else "")


def _output(finished: Finished) -> str:
    """What a person needs to see of it: why it ended, then the end of what it said."""
    why = "It took too long and was ended.\n" if finished.timed_out else ""
    why += "It was stopped.\n" if finished.stopped else ""
    why += f"It {finished.beyond} and was ended.\n" if finished.beyond else ""
    said = "\n".join(part.strip() for part in (finished.stdout, finished.stderr) if part.strip())
    return (why + said[-OUTPUT_KEPT:]).strip()


def _said(entry: Entry, evidence: Collection[str]) -> dict[str, JsonValue]:
    """What the audit has of it. Of a step that is evidence it can be shown later what its result was."""
    said: dict[str, JsonValue] = {"step": entry.step, "phase": entry.phase}
    if entry.event == "began":
        said["tier"] = entry.tier
    if entry.event == "ended":
        said |= {"ok": entry.ok, "exit_code": entry.exit_code, "wall_ms": entry.wall_ms}
        if entry.reason:
            said["reason"] = f"It {entry.reason}."
        if entry.units:
            said["units"] = dict(entry.units)
        if entry.uses:
            said["uses"] = [use.model_dump(mode="json") for use in entry.uses]
        if entry.step in evidence and entry.phase in ("step", "measure"):
            said["evidence"] = None if entry.result is None else digest_of(entry.result)
    return said
