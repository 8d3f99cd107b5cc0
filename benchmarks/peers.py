"""The same forty gates asked of the same requests: `decide()`, Cedar and Rego, as each is used from Python.

Every engine must first say the same of every request; only then does it matter how fast it says so. What each
may prepare beforehand is in `benchmarks/engines.py`; where a peer is not installed the note says how to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle

from benchmarks.engines import Assent, Cedar, Engine, Rego
from benchmarks.findings import Effort, Finding, by_turns
from benchmarks.forty import GATES, Request, requests
from benchmarks.town import Broken, Town

INSTALL = "uv run --group bench python -m benchmarks --only peers"
"""They are in a dependency group of their own: nobody needs them to run or to test Assent."""
Ask = Callable[[], object]


async def measure(_town: Town, effort: Effort) -> list[Finding]:
    """Raises Broken where two engines do not agree on a request."""
    ours, drawn = Assent(GATES), requests(effort.calls)
    peers, missing = installed()
    agree([ours, *peers], drawn)
    decided, alone = by_turns(turns(ours.question, drawn), turns(ours.conditions, drawn), effort)
    note = f"{len(drawn)} seeded requests"
    found = [
        Finding(
            name="decide-40",
            what=f"decide() with {len(GATES)} gates in four policies, p50 over {note}",
            against="the same conditions asked of the CEL library one by one, and nothing decided",
            target="< 300 µs",
            unit="µs",
            measured=decided * 1e6,
            baseline=alone * 1e6,
            limit=300.0,
            note=f"{' and '.join(missing)} not installed: {INSTALL}" if missing else "",
        )
    ]
    for peer in peers:
        decided, theirs = by_turns(turns(ours.question, drawn), turns(peer.question, drawn), effort)
        found.append(
            Finding(
                name=f"ahead-of-{peer.name.lower()}",
                what=f"the same, against {peer.name} with the same gates and the same requests",
                against=peer.library,
                target=f"< {peer.name}",
                unit="µs",
                measured=decided * 1e6,
                baseline=theirs * 1e6,
                limit=theirs * 1e6,
                note=f"They said the same of all {note}",
            )
        )
    return found


def installed() -> tuple[list[Engine], list[str]]:
    """The peers that are here, and the names of the libraries that are not."""
    peers: list[Engine] = []
    missing: list[str] = []
    for peer in (Cedar, Rego):
        try:
            peers.append(peer(GATES))
        except ImportError:
            missing.append(peer.library)
    return peers, missing


def agree(engines: Sequence[Engine], drawn: Sequence[Request]) -> None:
    """Raises Broken at the first request of which two say different things."""
    for request in drawn:
        said = [(engine.name, engine.verdict(engine.question(request)())) for engine in engines]
        if len({verdict for _, verdict in said}) > 1:
            words = "; ".join(f"{name} says {one.effect} by {sorted(one.gates)}" for name, one in said)
            raise Broken(f"the engines do not agree: {words}. The request: {dict(request)}")


def turns(question: Callable[[Request], Ask], drawn: Sequence[Request]) -> Ask:
    """One call that asks about the next request each time, and begins again after the last."""
    asked = cycle([question(request) for request in drawn])
    return lambda: next(asked)()
