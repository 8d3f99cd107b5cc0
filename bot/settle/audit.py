"""The chain over the audit: each seal vouches for its entry and for everything before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import AwareDatetime

from bot.terms import Record

GENESIS = "0" * 64


def seal(previous: str, entry: str) -> str:
    """SHA-256 over the seal before and the entry's exact bytes, in hexadecimal."""
    return hashlib.sha256(f"{previous}\n{entry}".encode()).hexdigest()


def seals(previous: str, entries: Iterable[str]) -> list[str]:
    """The seals of these entries, in order, continuing the chain from `previous`."""
    chain = []
    for entry in entries:
        previous = seal(previous, entry)
        chain.append(previous)
    return chain


class Checkpoint(Record):
    """What the chain's head was, signed by a key that is not in Redis: a rewritten chain cannot match it."""

    team: str
    count: int
    head: str
    at: AwareDatetime
    signature: str = ""

    def signed_part(self) -> bytes:
        return (
            f"assent audit checkpoint\n{self.team}\n{self.count}\n{self.head}\n{self.at.isoformat()}".encode()
        )


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry that is not what was sealed."""

    seq: int
    why: str


def first_broken(
    entries: Sequence[str], chain: Sequence[str], checkpoints: Sequence[Checkpoint]
) -> Broken | None:
    """Walk the whole chain. `checkpoints` are those whose signature was found good."""
    previous = GENESIS
    for seq, (entry, sealed) in enumerate(zip(entries, chain, strict=False), start=1):
        previous = seal(previous, entry)
        if previous != sealed:
            return Broken(seq, "the entry, or its seal, is not what was written")
        if not entry.startswith(f'{{"seq":{seq},'):
            return Broken(seq, "the entry carries another number than its place")
    if len(chain) > len(entries):
        return Broken(len(entries) + 1, "entries are missing: more were sealed than are there")
    for checkpoint in sorted(checkpoints, key=lambda one: one.count):
        if checkpoint.count > len(chain):
            return Broken(
                len(chain) + 1, f"the tail was cut: {checkpoint.count} entries were once signed for"
            )
        if checkpoint.count and chain[checkpoint.count - 1] != checkpoint.head:
            return Broken(checkpoint.count, "the chain was rewritten: it is not the one that was signed")
    return None
