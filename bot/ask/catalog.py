"""The skills there are: what may be asked for, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.ask.manifest import (
    Check,
    Command,
    Cost,
    CostLine,
    DoneWhen,
    Effects,
    Input,
    Inputs,
    Limits,
    Manifest,
    Permissions,
    PlanStep,
    Repeat,
    Step,
)
from bot.terms import Digest, Refused

__all__ = [
    "RESERVED",
    "Catalog",
    "Check",
    "Command",
    "Cost",
    "CostLine",
    "DoneWhen",
    "Effects",
    "Input",
    "Inputs",
    "Limits",
    "Manifest",
    "Permissions",
    "PlanStep",
    "Repeat",
    "Skill",
    "Step",
    "did_you_mean",
]


RESERVED = ("help", "status", "cancel", "why", "costs")
"""First words that are no skill; no skill may have one of these names."""


@dataclass(frozen=True, slots=True)
class Skill:
    """One version of a skill, as its files are.

    `digest` is over every file of the folder, `files` has each one's own so that a change can be named.
    `runbook` is the prose of SKILL.md: for people and models, never a source of authority.
    `unarmed` says why it must not run although it could be read; empty when it may. `signer` is who signed
    these bytes and is allowed to; empty where nobody has to.
    """

    manifest: Manifest
    digest: Digest
    files: Mapping[str, Digest]
    folder: str
    runbook: str
    unarmed: str = ""
    signer: str = ""

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def version(self) -> str:
        return self.manifest.version


@dataclass(frozen=True, slots=True)
class Revocations:
    """What must not run any more, with the reasons; all of it while `unreadable` says why nobody knows."""

    digests: Mapping[str, str] = field(default_factory=dict)
    signers: Mapping[str, str] = field(default_factory=dict)
    unreadable: str = ""

    def why(self, digest: str, signer: str) -> str:
        """Why these bytes must not run, or nothing."""
        if self.unreadable:
            return f"nobody can tell what is revoked: {self.unreadable}"
        if digest in self.digests:
            return f"it was revoked: {self.digests[digest]}"
        if signer and signer in self.signers:
            return f"what {signer} signed was revoked: {self.signers[signer]}"
        return ""


@dataclass(frozen=True, slots=True)
class Catalog(Mapping[str, Skill]):
    """Every skill that could be read, in the order of names; `broken` says why the others could not."""

    skills: Mapping[str, Skill] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)
    revocations: Revocations = Revocations()

    def __getitem__(self, name: str) -> Skill:
        return self.skills[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.skills)

    def __len__(self) -> int:
        return len(self.skills)

    def find(self, name: str) -> Skill:
        """The skill of that name that may run now.

        Raises Refused, with the likely name when it is a slip, and with the reason when it is not armed.
        """
        word = name.lower()
        if word in self.broken:
            raise Refused(f"{word} cannot be used now: {self.broken[word]}")
        skill = self.skills.get(word)
        if skill is None:
            known = f"Known: {', '.join(self.skills)}." if self.skills else "There are no skills yet."
            raise Refused(f"There is no skill {name}. {did_you_mean(word, self.skills)}{known}")
        if skill.unarmed:
            raise Refused(f"{skill.name} cannot be used now: {skill.unarmed}")
        return skill


def did_you_mean(word: str, known: Mapping[str, object] | tuple[str, ...] | list[str]) -> str:
    """`Did you mean restart-service? ` or nothing: only a slip of the hand is worth a guess."""
    from rapidfuzz import fuzz, process  # 2.5 MB that a process without slips does not hold

    found = process.extractOne(word.lower(), list(known), scorer=fuzz.WRatio, score_cutoff=72)
    return f"Did you mean {found[0]}? " if found else ""
