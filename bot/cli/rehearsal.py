"""One case of a skill, played: the real plan, steps, probes, undo and measurement; no Slack and no Redis."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue, TypeAdapter

from bot.artifacts.cases import Case, Cases
from bot.ask.catalog import Skill
from bot.ask.inputs import complete, shown
from bot.ask.manifest import AskStep, DoneWhen, Precondition, Step
from bot.assess.assessment import Plan
from bot.assess.connected import NONE, Connectors
from bot.assess.mcp_servers import NO_SERVERS, Servers
from bot.cli.case_models import FREE, CaseModels
from bot.cli.case_targets import configured, serving, target_of
from bot.connectors.git_line import over_git
from bot.connectors.http_line import over_http
from bot.connectors.processes import GuardedProcesses
from bot.connectors.walls.around import Wall
from bot.connectors.workshop import LocalWorkshop
from bot.execute.connectors import BY_HTTP, GIT
from bot.execute.journal import Check, Entry, Phase
from bot.execute.moves import AskPerson, Finish, LookFirst, Measure, ProbeStep, PutQuestion, RunStep, UndoStep
from bot.execute.run import next_move
from bot.execute.sandbox import DEFAULT_PATH, Finished
from bot.execute.steps import Does, measuring, what
from bot.execute.steps.ask import answered, answers, ready, unanswered
from bot.execute.steps.mcp import lacking
from bot.execute.steps.said import said
from bot.flow.commands import Commands
from bot.flow.deeds import Deed, Deeds, Watched
from bot.flow.planning import Planning
from bot.settle.outcome import judge, met
from bot.terms import Principal, Refused, RequestId

REQUEST = RequestId("r-1")
"""Each case has a target of its own, so every one of them may be the first request."""
OUTPUT_SHOWN = 600
SOMEBODY = Principal("the case")
_RESULT = TypeAdapter(dict[str, JsonValue])


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How a case came out. `wanted` and `got` say it in words; they are the same text when it passed."""

    case: Case
    wanted: str
    got: str
    details: tuple[str, ...]
    wall_s: float

    @property
    def passed(self) -> bool:
        return self.wanted == self.got


async def play(skill: Skill, cases: Cases, case: Case, *, wall: Wall | None) -> Played:
    """Run one case from nothing. Of the caller's environment it sees PATH and nothing else.

    Behind the same wall as in a run, so that a permission nobody wrote down is missed here and not there.

    Raises Refused when what the case needs cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="assent-case-") as folder:
        room = Path(folder)
        path = os.environ.get("PATH") or DEFAULT_PATH
        lent: tuple[str, ...] = ()
        if case.programs is not None:
            programs = shutil.copytree(Path(skill.folder) / case.programs, room / "programs")
            path, lent = f"{programs}{os.pathsep}{path}", (str(programs),)
        async with target_of(skill, cases, room) as target:
            began = time.monotonic()
            sandbox = GuardedProcesses(wall=wall, trusted=True)
            workshop = LocalWorkshop(
                sandbox=sandbox,
                environment={**target, "PATH": path, **case.variables},
                under=room / "runs",
                lent=lent,
                lines={kind: over_http(connector) for kind, connector in BY_HTTP.items()}
                | {GIT.kind: over_git(GIT, sandbox, path=path)},
                models=(models := CaseModels(case.models)),
            )
            own = await asyncio.to_thread(_own_folder, room)
            around = {**target, "SKILL": skill.folder, "ROOM": own}
            rehearsal = Rehearsal(
                skill,
                case,
                workshop,
                configured(cases.connectors, around),
                serving(cases.servers, around),
                models,
            )
            ended = await rehearsal.play()
            return _played(case, rehearsal, ended, time.monotonic() - began)


def _own_folder(room: Path) -> str:
    folder = room / "case"
    folder.mkdir()
    return str(folder.resolve())


def _played(case: Case, rehearsal: Rehearsal, ended: Finish | Aside, wall_s: float) -> Played:
    wanted, got = [str(case.ends)], [str(ended.ending)]
    if case.plan is not None:
        wanted.append(f"planning {case.plan!r}")
        got.append(f"planning {rehearsal.plan.summary!r}" if rehearsal.plan else "without a plan")
    if case.says is not None:
        wanted.append(f"saying {case.says!r}")
        got.append(wanted[-1] if case.says in ended.sentence else f"saying {ended.sentence!r}")
    return Played(
        case=case,
        wanted=", ".join(wanted),
        got=", ".join(got),
        details=(ended.sentence, *rehearsal.troubles()),
        wall_s=wall_s,
    )


@dataclass(frozen=True, slots=True)
class Aside:
    """An end that no run has: it was refused, there was nothing to do, or a person is asked."""

    ending: str
    sentence: str


@dataclass(slots=True)
class Rehearsal:
    """The moves of one run, with its journal in memory."""

    skill: Skill
    case: Case
    workshop: LocalWorkshop
    connectors: Connectors = NONE
    servers: Servers = NO_SERVERS
    models: CaseModels = field(default_factory=lambda: CaseModels({}))
    plan: Plan | None = None
    journal: list[Entry] = field(default_factory=list)

    async def play(self) -> Finish | Aside:
        skill, case = self.skill, self.case
        try:
            words = {name: shown(value) for name, value in case.inputs.items()}
            if lacks := lacking(skill.manifest, self.servers):
                return Aside("refused", lacks)
            invocation = complete(skill, words, case.environment)
            self.plan = await Planning(self.workshop).plan(REQUEST, invocation, skill)
        except Refused as refused:
            return Aside("refused", str(refused))
        if self.plan.nothing_to_do:
            return Aside("nothing_to_do", self.plan.summary)
        async with self.workshop.copy(skill.folder, skill.files) as bench:
            commands = Commands(
                skill=skill,
                invocation=invocation,
                request=REQUEST,
                bench=bench,
                workshop=self.workshop,
                plan=self.plan,
                connectors=self.connectors,
                servers=self.servers,
                means=FREE,
            )
            try:
                return await self._go(commands)
            except Refused as refused:
                return Finish("failed", str(refused))

    async def _go(self, commands: Commands) -> Finish | Aside:
        """As a worker does it: ask the journal for the one next thing, do it, write it down."""
        while True:
            commands = replace(
                commands,
                said=said(self.skill.manifest, self.journal),
                means=replace(commands.means, journal=tuple(self.journal)),
            )
            match next_move(self.skill.manifest, self.journal):
                case Finish() as finish:
                    return finish
                case AskPerson(step, why):
                    return Aside("interrupted", f"{step.title}: {why}. What happened?")
                case PutQuestion(question):
                    if (aside := self._asks(commands, question)) is not None:
                        return aside
                    commands = replace(commands, answers=answers(self.journal))
                case LookFirst(first):
                    await self._effect(commands, first, "precondition", what(first.action))
                case RunStep(step):
                    await self._effect(commands, step, "step", what(step))
                case ProbeStep(step):
                    await self._effect(commands, step, "probe", what(step.probe))
                case UndoStep(step):
                    await self._effect(commands, step, "undo", what(step.undo))
                case Measure():
                    await self._measure(commands, self.skill.manifest.done_when)

    def _asks(self, commands: Commands, step: AskStep) -> Aside | None:
        """Answered as the case says; where it does not, the run waits for good."""
        posed = ready(step.ask, lambda text: commands.fill(text, step=step.id), requester=SOMEBODY)
        if step.id not in self.case.answers:
            how = f"In the case: answers: {{{step.id}: {posed.choices[0]}}}"
            return Aside("asking", f"{step.id} asks: {posed.question} ({how})")
        self._write("began", step.id, "step", title=commands.fill(step.title, step=step.id), posed=posed)
        began, choice = self.journal[-1], self.case.answers[step.id]
        if choice is not None and choice not in posed.choices:
            raise Refused(f"{choice} is no choice of {step.id}: {', '.join(posed.choices)}.")
        self.journal.append(
            unanswered(began)
            if choice is None
            else answered(began, choice, by=SOMEBODY, words=f"{SOMEBODY} answered “{choice}”.")
        )
        if step.id == self.case.stop_after:
            self._write("stop_asked", step.id, "step", by=SOMEBODY)
        return None

    async def _effect(self, commands: Commands, step: Step | Precondition, phase: Phase, does: Does) -> None:
        first = not any(entry.step == step.id and entry.phase == phase for entry in self.journal)
        deed = await Deeds(commands).ready(does, step=step.id, timeout_s=step.timeout, undo=phase == "undo")
        self._write("began", step.id, phase, title=commands.fill(step.title, step=step.id))
        self.models.step = step.id
        finished = await self._done(deed)
        if finished.cut or (phase == "step" and first and step.id == self.case.lose):
            return
        ok: bool | None = finished.exit_code == 0
        if phase == "probe" and finished.exit_code not in (0, 1):
            ok = None
        found = None if finished.result is None else _RESULT.validate_python(dict(finished.result))
        more = {"exit_code": finished.exit_code, "output": _said(finished), "units": dict(finished.units)}
        self._write("ended", step.id, phase, ok=ok, result=found, reason=finished.beyond, **more)
        if phase == "step" and step.id == self.case.stop_after:
            self._write("stop_asked", step.id, phase, by=SOMEBODY)

    async def _measure(self, commands: Commands, done_when: DoneWhen) -> None:
        measure = done_when.measure
        deed = await Deeds(commands).ready(measuring(measure), step="measure", timeout_s=measure.timeout)
        self._write("began", "measure", "measure")
        finished = await self._done(deed)
        good = finished.exit_code == 0 and finished.result is not None
        observed = _RESULT.validate_python(dict(finished.result or {})) if good else None
        wanted = [
            check.model_copy(update={"equals": commands.fill(check.equals)})
            if isinstance(check.equals, str)
            else check
            for check in done_when.checks
        ]
        checks = judge(wanted, observed)
        self._write("ended", "measure", "measure", ok=met(checks), checks=checks, output=_said(finished))

    async def _done(self, deed: Deed) -> Finished:
        return await deed(Watched(on_line=lambda _: None, stop=asyncio.Event()))

    def _write(self, event: str, step: str, phase: Phase, **more: object) -> None:
        entry = {"event": event, "step": step, "phase": phase, "fence": 1, "at": datetime.now(UTC), **more}
        self.journal.append(Entry.model_validate(entry))

    def troubles(self) -> tuple[str, ...]:
        """What did not go well, for whoever has to find out why a case failed."""
        lines = []
        for entry in self.journal:
            if entry.event == "ended" and entry.ok is not True:
                lines += [f"{entry.phase} {entry.step}: {_check(check)}" for check in _unmet(entry)]
                lines += [f"{entry.phase} {entry.step}: {line}" for line in entry.output.splitlines()[-5:]]
        return tuple(lines)


def _unmet(entry: Entry) -> list[Check]:
    return [check for check in entry.checks if check.met is not True]


def _check(check: Check) -> str:
    seen = "no data" if check.observed is None else check.observed
    return f"{check.name}: must be {check.expected}, was {seen}"


def _said(finished: Finished) -> str:
    why = "It took too long and was ended.\n" if finished.timed_out else ""
    heard = "\n".join(part.strip() for part in (finished.stdout, finished.stderr) if part.strip())
    return why + heard[-OUTPUT_SHOWN:]
