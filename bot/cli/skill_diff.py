"""`assent skills diff`: what changed since a review, and whether the version says so."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import opened, terminal
from bot.terms import Refused

if TYPE_CHECKING:
    from bot.artifacts.locks import Locked
    from bot.ask.catalog import Skill
    from bot.ask.revision import Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One skill then and now; `then` is empty for a new one, `now` for one that is gone."""

    name: str
    basis: str
    then: str = ""
    now: str = ""
    found: tuple[Difference, ...] = ()

    def record(self) -> dict[str, Any]:
        from bot.ask.revision import needed
        from bot.ask.versions import declared, least

        level = needed(self.found)
        moved = declared(self.then, self.now) if self.then and self.now else None
        settled = not self.found or not self.then or not self.now
        return {
            "name": self.name,
            "against": self.basis,
            "before": self.then or None,
            "after": self.now or None,
            "changes": [{"part": o.part, "what": o.what, "level": str(o.level)} for o in self.found],
            "needed": str(level),
            "declared": None if moved is None else str(moved),
            "least": least(self.then, level) if self.then else self.now,
            "enough": settled or (moved is not None and moved >= level),
        }


def diff(
    name: Annotated[str | None, typer.Argument(help="One skill; all of them when left out.")] = None,
    against: Annotated[
        str | None,
        typer.Option(help="A folder of skills, one skill's folder, or a git revision; else what is locked."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """What changed since the review in skills.lock; exit 1 when a version moved less than it must.

    How far it must move is computed: major when a skill may do more, asks for more or promises less; minor
    when it offers more or may do less; patch for any other byte. The reviewed bytes are looked up in git.

    Such as: assent skills diff deploy --against main
    """
    rows = [one.record() for one in _compare(name, against)]
    if json:
        terminal.as_json(rows)
    else:
        for one in rows:
            say(one)
    if not all(one["enough"] for one in rows):
        raise typer.Exit(1)


def say(row: dict[str, Any]) -> None:
    """One skill as a person reads it, its verdict last."""
    if row["after"] is None:
        typer.echo(f"{row['name']} {row['before']} is gone ({row['against']})")
        return
    if row["before"] is None:
        typer.echo(f"{row['name']} {row['after']} is new ({row['against']})")
        return
    typer.echo(f"{row['name']} {row['before']} → {row['after']} ({row['against']})")
    for one in row["changes"]:
        typer.echo(f"  {one['level']:5}  {one['part']}: {one['what']}")
    if not row["changes"]:
        typer.echo("  nothing changed")
    elif row["enough"]:
        typer.echo(f"  {row['after']} says enough: a {row['needed']} change.")
    else:
        typer.echo(f"  This is a {row['needed']} change: it must be {row['least']} or more.")


def _compare(name: str | None, against: str | None) -> Iterator[Compared]:
    catalog = opened.skills()
    folder = opened.config().skills_dir
    if name is not None and name not in catalog:
        catalog.find(name)  # explains what cannot be compared
    if name is None and catalog.broken:
        reasons = "\n".join(f"{one}: {why}" for one, why in catalog.broken.items())
        raise Refused(f"Nothing was compared, because not every skill can be read.\n{reasons}")
    locked = _locked(folder)
    for skill in [catalog[name]] if name is not None else list(catalog.values()):
        if against is None:
            yield _with_lock(skill, locked.get(skill.name))
        else:
            yield _with_older(skill, against)
    if name is None and against is None:
        for gone in locked.keys() - catalog.keys():
            yield Compared(name=gone, basis="skills.lock", then=locked[gone].version)


def _locked(folder: Path) -> dict[str, Locked]:
    from bot.artifacts.locks import read

    locked, problems = read(folder)
    if problems:
        raise Refused("\n".join(map(str, problems)))
    return locked


def _with_lock(skill: Skill, locked: Locked | None) -> Compared:
    from bot.ask.revision import differences
    from bot.connectors import revisions

    if locked is None:
        return Compared(name=skill.name, basis="not in skills.lock", now=skill.version)
    if locked.digest == skill.digest:
        return Compared(name=skill.name, basis="skills.lock", then=locked.version, now=skill.version)
    folder = Path(skill.folder)
    for commit in revisions.commits_of(folder):
        then = _older(folder, commit, strict=False)
        if then is not None and then.digest == locked.digest:
            basis, found = f"skills.lock, as in commit {commit[:10]}", differences(then, skill)
            break
    else:
        basis, found = "skills.lock", _unseen(skill, locked)
    return Compared(name=skill.name, basis=basis, then=locked.version, now=skill.version, found=found)


def _unseen(skill: Skill, locked: Locked) -> tuple[Difference, ...]:
    """What the digests of the lock alone can tell."""
    from bot.artifacts.locks import permissions_of
    from bot.ask.revision import Difference
    from bot.ask.versions import Level

    words = "its files are not the reviewed ones, which git here does not have: what changed cannot be said"
    found = [Difference("files", words, Level.PATCH)]
    if permissions_of(skill.manifest) != locked.permissions:
        found.insert(0, Difference("permissions", "they are not the reviewed ones", Level.MAJOR))
    return tuple(found)


def older(name: str, against: str) -> Skill | None:
    """A skill in a folder of skills, in one of its own, or at a git revision; None when it is not there."""
    from bot.artifacts.loading import MANIFEST

    place = Path(against)
    if place.is_dir():
        one = place if (place / MANIFEST).is_file() else place / name
        return _load(one, name, f"{name} in {against}") if one.is_dir() else None
    return _older(opened.config().skills_dir / name, against, strict=True)


def _with_older(skill: Skill, against: str) -> Compared:
    from bot.ask.revision import differences

    then = older(skill.name, against)
    if then is None:
        return Compared(name=skill.name, basis=f"not in {against}", now=skill.version)
    return Compared(
        name=skill.name,
        basis=against,
        then=then.version,
        now=skill.version,
        found=differences(then, skill),
    )


def _older(folder: Path, revision: str, *, strict: bool) -> Skill | None:
    """The skill as git has it; None when it was not there, or when it cannot be read and need not be."""
    from bot.connectors import revisions

    with tempfile.TemporaryDirectory(prefix="assent-diff-") as room:
        into = Path(room) / folder.name
        into.mkdir()
        try:
            there = revisions.write_out(folder, revision, into=into)
            return _load(into, folder.name, f"{folder.name} at {revision}") if there else None
        except Refused:
            if strict:
                raise
            return None


def _load(folder: Path, name: str, called: str) -> Skill:
    from bot.artifacts.loading import load

    loaded = load(folder, label=name)
    if loaded.skill is None or loaded.skill.name != name:
        why = str(loaded.problems[0]) if loaded.problems else "there is no skill.yaml of it"
        raise Refused(f"{called} cannot be read, so it cannot be compared: {why}")
    return loaded.skill
