"""What an upgrade would change: every version resolved, every lock tried in a private copy. Changes nothing.

The same repository, registries and advisories give the same bytes; ages count in whole days, so that a plan
made twice on one day is one plan.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import advisories
import catalogue
import choosing
import ecosystem as kinds
import git
import registry
import scan
import table
import testing
from branches import Branches, packed
from telling import Refusal, arguments, result, run
from trial import Trial, Trying
from units import Unit, Used


def main() -> int:
    given = arguments("repository", "group", "package", "min-age-days", "allow-untested")
    repository = catalogue.find(given.repository)
    room = Path(tempfile.mkdtemp(prefix="plan-", dir=os.environ.get("TMPDIR")))
    checkout = git.checkout(repository, room / "work")
    files = checkout.files()
    units, unread = scan.scan(checkout.folder, files)
    used = [one for unit in units for one in unit.used()]
    only = kinds.normal("PyPI", given.package)
    if given.package != "any" and not any(one.name in (given.package, only) for one in used):
        raise Refusal(f"{repository.name} does not use {given.package}.")
    _same_registry(units)
    known = advisories.ask(one.package for one in used)
    wanted = [one for one in used if given.package == "any" or one.name in (given.package, only)]
    needed = [one for one in wanted if one.direct or _vulnerable(one, known)]
    packages = registry.ask(one.package for one in needed)
    youngest = choosing.last_upload(int(given.min_age_days), now=datetime.now(UTC))
    judge = choosing.Choosing(packages, known, youngest, int(given.min_age_days))
    choices = [judge.choose(one) for one in needed]
    trying = Trying(checkout, {unit.label: unit for unit in units}, packages, youngest)
    tried = [trying.settle(part) for part in choosing.grouped(choices, given.group)]
    trials = [one for one in tried if one.upgrades]
    unknown = _unknown(wanted, known)
    held = [
        *(text for choice in choices for text in choice.held),
        *(text for one in tried for text in one.held),
    ]
    unread = [*unread, *(text for unit in units for text in unit.unread)]
    if not trials and given.group == "security" and unknown:
        raise Refusal(
            f"{repository.name}: nothing known to be vulnerable can be upgraded, but of "
            f"{sum(map(len, unknown.values()))} packages nobody knows: {'; '.join(unknown)}."
        )
    tests = testing.commands(repository, checkout.folder, files, units)
    if trials and not tests and given.allow_untested != "true":
        raise Refusal(
            f"{repository.name} has no tests that are known here: nobody could say whether it still works. "
            "An operator says how to run them (tests = … in the file of ASSENT_REPOSITORIES), "
            "or ask with allow_untested=yes."
        )
    described = table.details(
        trials,
        commit=checkout.commit,
        base=checkout.base,
        tests=tests,
        held=sorted(set(held)),
        unknown=[f"{table.some(names)}: {reason}" for reason, names in unknown.items()],
        unread=sorted(set(unread)),
    )
    branches = Branches(repository, room)
    branches.check(trials, checkout)
    return result(
        {
            "summary": table.summary(repository.name, trials)
            if trials
            else table.nothing(repository.name, wanted, known, given.group),
            "changes": table.rows(trials, units=len(units)),
            "details": described,
            "target": {"identity": f"{repository.name}@{checkout.commit[:12]}", "revision": checkout.commit},
            "resolved": {
                "parts": packed([branches.described(one) for one in trials]),
                "base": checkout.base,
                "tests": json.dumps(tests, separators=(",", ":")),
                "tested": "passed" if tests else "absent",
            },
            "labels": {
                "bump": _bump(trials),
                "advisories": _advisories(trials, known),
                "tests": "present" if tests else "absent",
            },
            "last_committer": git.run("show", "--no-patch", "--format=%ae", folder=checkout.folder).strip(),
            "undo": "close the pull request and delete its branch" if trials else "nothing to undo",
            "nothing_to_do": not trials,
        }
    )


def _same_registry(units: Sequence[Unit]) -> None:
    """A lock names its index. Were uv asked to look elsewhere, it would write every package anew."""
    index = registry.index_url()
    for unit in units:
        for entry in unit.locked:
            if unit.kind == "uv" and entry.at.rstrip("/") != index:
                raise Refusal(
                    f"{unit.lock} takes {entry.name} from {entry.at} and this bot asks {index}. "
                    "Set ASSENT_PYPI_URL to the index that the lock names."
                )


def _vulnerable(one: Used, known: dict[tuple[str, str], advisories.Known]) -> bool:
    return one.version is not None and known[one.package].status(one.version) == "vulnerable"


def _unknown(used: Sequence[Used], known: dict[tuple[str, str], advisories.Known]) -> dict[str, list[str]]:
    """The packages of which nobody can say whether they are vulnerable, by the reason."""
    found: dict[str, set[str]] = {}
    for one in used:
        of = known[one.package]
        if one.version is None:
            found.setdefault("nothing pins it to a version", set()).add(f"{one.name} in {one.unit.label}")
        elif of.status(one.version) == "unknown":
            ids = ", ".join(each.id for each in of.those(one.version, "unknown"))
            found.setdefault(of.unknown or f"{ids} cannot be compared", set()).add(
                f"{one.name} {one.version}"
            )
    return {reason: sorted(found[reason]) for reason in sorted(found)}


def _bump(trials: Sequence[Trial]) -> str:
    bumps = [kinds.BUMPS.index(one.bump) for trial in trials for one in trial.upgrades]
    return kinds.BUMPS[max(bumps, default=0)]


def _advisories(trials: Sequence[Trial], known: dict[tuple[str, str], advisories.Known]) -> str:
    """Over everything that moves, before and after: `none` only when all of it is known to be clear."""
    touched = [one for trial in trials for one in trial.upgrades]
    brought = [(trial.ecosystem(move.unit), move) for trial in trials for move in trial.brought]
    known = {**known, **advisories.ask((ecosystem, move.name) for ecosystem, move in brought)}
    used = [(*one.used.package, version) for one in touched for version in (one.used.version, one.after)]
    used += [(ecosystem, move.name, move.after) for ecosystem, move in brought if move.after]
    return advisories.label(known, used)


if __name__ == "__main__":
    run(main)
