"""`skills.lock`: which bytes of each skill were reviewed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import RootModel

from bot.artifacts import yaml_marks
from bot.artifacts.yaml_marks import NotYaml, placed
from bot.ask.catalog import Manifest, Skill
from bot.ask.manifest import Name, Version
from bot.ask.reading import Problem, Unreadable, read_as
from bot.assess.assessment import digest_of
from bot.terms import Digest, Record

FILE = "skills.lock"
REVIEW = "Run `assent skills lock` after a review."


class Locked(Record):
    version: Version
    digest: Digest
    permissions: Digest
    """Of the permissions alone, so that a review sees at once whether they changed."""
    signer: str = ""
    """Who had signed what was reviewed; empty where nobody had to."""
    reviewed_by: str = ""


class Lock(RootModel[dict[Name, Locked]]):
    """The whole file: skills by name."""


def permissions_of(manifest: Manifest) -> Digest:
    """What is not said is left out, so that a permission that is new to us does not change old digests."""
    said = manifest.permissions.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    return digest_of({"exec": [], "env": [], **said})


def lock(
    skills: Iterable[Skill],
    *,
    before: Mapping[str, Locked] | None = None,
    reviewed_by: str = "",
    kept: Mapping[str, Locked] | None = None,
) -> str:
    """The text of `skills.lock` for these skills, in the order of names; writing it is saying "reviewed".

    `reviewed_by` stands at what differs from `before`: who reviewed the rest stays who that was. `kept` are
    lines of other skills that are written as they are.
    """
    lines = dict(kept or {})
    for skill in skills:
        known = (before or {}).get(skill.name)
        same = known is not None and (known.digest, known.signer) == (skill.digest, skill.signer)
        lines[skill.name] = Locked(
            version=skill.version,
            digest=skill.digest,
            permissions=permissions_of(skill.manifest),
            signer=skill.signer,
            reviewed_by=known.reviewed_by if known is not None and same else reviewed_by,
        )
    text = ["# The reviewed bytes of each skill. Written by `assent skills lock`, after a review."]
    for name, line in sorted(lines.items()):
        text.append(f"{name}:")
        text += [f"  {key}: {getattr(line, key)}" for key in ("version", "digest", "permissions")]
        said = {"signer": line.signer, "reviewed_by": line.reviewed_by}
        text += [f"  {key}: {json.dumps(value)}" for key, value in said.items() if value]
    return "\n".join(text) + "\n"


def unarmed(skill: Skill, locked: Locked | None) -> str:
    """Why the skill must not run, or nothing when its bytes are the reviewed ones; REVIEW is what to do."""
    if locked is None:
        return f"it is not in {FILE}"
    if locked.digest != skill.digest:
        return f"its files are not the reviewed ones ({_short(locked.digest)} → {_short(skill.digest)})"
    if (locked.version, locked.permissions) != (skill.version, permissions_of(skill.manifest)):
        return f"its line in {FILE} was changed by hand"
    return ""


def _short(digest: Digest) -> str:
    return digest.removeprefix("sha256:")[:8]


def read(skills: Path, *, file: str = FILE) -> tuple[dict[str, Locked], list[Problem]]:
    """What was reviewed, and what is wrong with the file; nothing at all when there is none.

    `file` is how it is called in problems.
    """
    try:
        data, marks = yaml_marks.load(skills / FILE, file=file)
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        return {}, [Problem(file, 1, 1, f"it cannot be read: {error.strerror or error}")]
    except NotYaml as error:
        return {}, [error.problem]
    try:
        return dict(read_as(Lock, data or {}).root), []
    except Unreadable as error:
        return {}, [placed(finding, marks, file) for finding in error.findings]
