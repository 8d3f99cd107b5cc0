"""Which of the skills that could be read may run: reviewed, signed when that is asked for, not revoked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bot.artifacts import locks, revoked
from bot.artifacts.loading import Loaded
from bot.artifacts.locks import Locked
from bot.artifacts.signatures import ALLOWED, Signatures, Signed, Unsigned
from bot.ask.catalog import Catalog, Revocations, Skill
from bot.ask.reading import Problem

SIGN = "Run `assent skills sign`, then `assent skills lock`."


@dataclass(frozen=True, slots=True)
class Armed:
    catalog: Catalog
    problems: tuple[Problem, ...]


def arm(skills_dir: Path, *, label: str, folders: Mapping[str, Loaded], signatures: Signatures) -> Armed:
    """Hold what was read against the lock, the signatures and the deny-list, in this order of words."""
    problems = [problem for loaded in folders.values() for problem in loaded.problems]
    file = f"{label}/{locks.FILE}"
    locked, refused = locks.read(skills_dir, file=file)
    revocations, unreadable = revoked.read(skills_dir, file=f"{label}/{revoked.FILE}")
    problems += [*refused, *unreadable]
    read = {loaded.skill.name: loaded.skill for loaded in folders.values() if loaded.skill is not None}
    signed = signatures.of(read.values())
    skills: dict[str, Skill] = {}
    for name, skill in read.items():
        said = signed.get(name)
        skill = replace(skill, signer=said.signer if isinstance(said, Signed) else "")
        problem = None if refused else _disarmed(skill, locked.get(name), said, revocations, label)
        if problem is not None and not (unreadable and problem.rule == "revoked"):
            problems.append(problem)
        why = f"{problem.message.rstrip('.')}. {problem.hint}" if problem else ""
        skills[name] = replace(skill, unarmed=str(refused[0]) if refused else why)
    for name in locked:
        if name not in folders:
            what = f"{name} is locked and not here"
            problems.append(Problem(file, 1, 1, what, "Run `assent skills lock`.", rule="lock"))
    if not skills_dir.is_dir():
        problems.append(Problem(label, 1, 1, "there is no such folder", "Set ASSENT_SKILLS."))
    broken = {name: str(loaded.problems[0]) for name, loaded in folders.items() if loaded.problems}
    return Armed(Catalog(skills, broken, revocations), tuple(problems))


def _disarmed(
    skill: Skill,
    locked: Locked | None,
    said: Signed | Unsigned | None,
    revocations: Revocations,
    label: str,
) -> Problem | None:
    """Why it must not run, the gravest first; None when it may."""
    file = f"{label}/{skill.name}"
    if why := revocations.why(skill.digest, skill.signer):
        mend = "Correct it: until then nothing runs."
        hint = mend if revocations.unreadable else "Put a version that is not revoked in its place."
        return Problem(file, 1, 1, why, hint, rule="revoked")
    if why := locks.unarmed(skill, locked):
        return Problem(file, 1, 1, why, locks.REVIEW, rule="lock" if locked else "unreviewed")
    if isinstance(said, Unsigned):
        return Problem(file, 1, 1, said.why, SIGN, rule="signature")
    wanted = locked.signer if locked else ""
    if wanted and said is None:
        why = f"it was reviewed as signed by {wanted}, and there is no {ALLOWED} to verify that with"
        return Problem(file, 1, 1, why, f"Put {ALLOWED} among the policies.", rule="signature")
    if wanted and skill.signer != wanted:
        why = f"it was reviewed as signed by {wanted}, and is signed by {skill.signer}"
        return Problem(file, 1, 1, why, locks.REVIEW, rule="signature")
    return None
