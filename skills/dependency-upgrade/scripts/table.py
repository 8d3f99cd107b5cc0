"""The plan in words: what a person reads before saying yes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from advisories import Known
from choosing import Upgrade
from locking import Move
from trial import Trial
from units import Used

MOST_LINES = 40
_MARKS = {"vulnerable": "VULNERABLE", "unknown": "advisories unknown", "clear": "no known advisory"}


def rows(trials: Sequence[Trial], *, units: int) -> list[dict[str, str]]:
    """One change for each package that moves, also those that a lock brings along."""
    found = []
    for trial in trials:
        planned = {(one.used.unit.label, one.used.name): one for one in trial.upgrades}
        for move in trial.moves:
            upgrade = planned.get((move.unit, move.name))
            ecosystem = trial.ecosystem(move.unit)
            where = f", {move.unit}" if units > 1 else ""
            found.append(
                {
                    "what": f"{move.name} ({ecosystem}{where})",
                    "from": move.before,
                    "to": f"{move.after}{_note(upgrade)}" if move.after else "",
                }
            )
    return found


def _note(upgrade: Upgrade | None) -> str:
    if upgrade is None:
        return ", brought along"
    if upgrade.clears:
        return f", clears {', '.join(upgrade.clears)}"
    return ", advisories unknown" if upgrade.status == "unknown" else ""


def summary(name: str, trials: Sequence[Trial]) -> str:
    upgrades = [one for trial in trials for one in trial.upgrades]
    said = f"{name}: {_counted(len(upgrades), 'upgrade')} on {_counted(len(trials), 'branch', 'branches')}"
    clearing = sum(bool(one.clears) for one in upgrades)
    return f"{said}, {clearing} of them for known vulnerabilities" if clearing else said


def nothing(name: str, used: Sequence[Used], known: Mapping[tuple[str, str], Known], group: str) -> str:
    counts = {"vulnerable": 0, "unknown": 0, "clear": 0}
    for one in used:
        counts["unknown" if one.version is None else known[one.package].status(one.version)] += 1
    about = "" if group == "all" else f" of the kind {group!r}"
    said = ", ".join(f"{count} {_MARKS[status]}" for status, count in counts.items() if count)
    return f"{name}: no upgrade{about} to take now; {_counted(len(used), 'package')}: {said or 'none'}"


def details(
    trials: Sequence[Trial],
    *,
    commit: str,
    base: str,
    tests: Sequence[Sequence[str]],
    held: Sequence[str],
    unknown: Sequence[str],
    unread: Sequence[str],
) -> str:
    lines = [f"From {base} at {commit[:12]}."]
    for trial in trials:
        lines.append(f"{trial.title} ({trial.branch}):")
        for one in trial.upgrades:
            lines.append(f"  {one.used.name} {one.before} → {one.after}, {one.bump}, {_MARKS[one.status]}")
            lines += [f"    clears {', '.join(one.clears)}"] if one.clears else []
        lines += [f"  brings along {_moved(move)}" for move in trial.brought]
    lines.append("Tests: " + ("; ".join(" ".join(one) for one in tests) or "none that are known"))
    for title, entries in (
        ("Not taken:", held),
        ("Advisories unknown:", unknown),
        ("Not looked at:", unread),
    ):
        if entries:
            lines += [title, *(f"  {entry}" for entry in entries[:MOST_LINES])]
            lines += [f"  … and {len(entries) - MOST_LINES} more"] if len(entries) > MOST_LINES else []
    return "\n".join(lines)


def _moved(move: Move) -> str:
    return f"{move.name} {move.before or '(new)'} → {move.after or '(gone)'}"


def some(names: Sequence[str], most: int = 5) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _counted(number: int, word: str, several: str = "") -> str:
    return f"{number} {word if number == 1 else several or word + 's'}"
