"""What the target saw, and what must be true of it and of the store, whatever happened to the workers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bot.flow.request import Request
from bot.lifecycle import State

RAN = frozenset({State.DONE, State.NOT_DONE, State.FAILED, State.UNKNOWN})
"""How a run may end here; a request that was voided, refused or forgotten for a crash was lost."""


@dataclass(frozen=True)
class Line:
    word: str
    request: str
    step: str
    key: str
    pid: int
    at: float


@dataclass(frozen=True)
class Target:
    """The file that every step writes to, outside of Redis."""

    folder: Path

    def lines(self) -> list[Line]:
        found = []
        for line in (self.folder / "target").read_text().splitlines():
            word, request, step, key, pid, at = line.split()
            found.append(Line(word, request, step, key, int(pid), float(at)))
        return found

    def happened(self, request: str, step: str) -> bool:
        return any((ln.word, ln.request, ln.step) == ("effect", request, step) for ln in self.lines())

    def effects(self, step: str) -> Counter[str]:
        """How often the step had its effect, by request."""
        return Counter(line.request for line in self.lines() if (line.word, line.step) == ("effect", step))


def broken_of_target(target: Target, requests: Sequence[Request]) -> Iterator[str]:
    """Every promise about effects that did not hold."""
    for request, times in target.effects("send").items():
        if times > 1:
            yield f"{request}: the at-most-once step had its effect {times} times"
    for request, times in target.effects("move").items():
        if times > 1:
            yield f"{request}: the reconcilable step had its effect {times} times"
    put = [line for line in target.lines() if line.step == "put"]
    for key, times in Counter(line.key for line in put if line.word == "effect").items():
        if times > 1:
            yield f"the key {key} had its effect {times} times"
    for request, keys in Counter(
        request for request, _ in {(line.request, line.key) for line in put}
    ).items():
        if keys > 1:
            yield f"{request}: its attempts at the idempotent step had {keys} keys"
    for request in requests:
        if request.state is State.DONE:
            for step in ("put", "move", "send"):
                if not target.happened(request.id, step):
                    yield f"{request.id} is done, and {step} never happened"
    yield from _beside_each_other(target)


def _beside_each_other(target: Target) -> Iterator[str]:
    """A process lived from its first to its last line, children included; plans only read and may overlap."""
    lived: dict[str, dict[tuple[int, str], tuple[float, float]]] = defaultdict(dict)
    for line in target.lines():
        if line.step != "plan":
            first, _ = lived[line.request].get((line.pid, line.step), (line.at, line.at))
            lived[line.request][line.pid, line.step] = (first, line.at)
    for request, processes in lived.items():
        in_order = sorted(processes.items(), key=lambda process: process[1])
        for ((_, one), (_, ended)), ((_, two), (began, _)) in pairwise(in_order):
            if began < ended:
                yield f"{request}: {two} began {ended - began:.3f} s before {one} had ended"


def broken_of_request(request: Request, claimed: int, settled: int) -> Iterator[str]:
    """`claimed` and `settled` are how often the audit says so."""
    if request.state not in RAN:
        yield f"{request.id} came to no good end: {request.state}, {request.outcome}"
    finished: set[str] = set()
    for entry in request.journal:
        if entry.phase != "step":
            continue
        if entry.event == "began" and entry.step in finished:
            yield f"{request.id}: {entry.step} had finished and began again"
        if entry.event == "ended" and entry.ok:
            finished.add(entry.step)
    fences = [entry.fence for entry in request.journal]
    if any(later < earlier for earlier, later in pairwise(fences)):
        yield f"{request.id}: a smaller fence wrote after a larger one: {fences}"
    if claimed != request.fence:
        yield f"{request.id}: {claimed} leases and fence {request.fence}"
    if settled != 1:
        yield f"{request.id} was settled {settled} times"
