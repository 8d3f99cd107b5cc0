"""The text of a pull request. Names and versions come from elsewhere: nothing of them becomes Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import registry
from workspace import Part

_MARK = "<!-- assent opened={opened} updated={updated} -->"
_MARKED = re.compile(r"<!-- assent opened=(?P<opened>[\w-]+) updated=(?P<updated>[\w-]+) -->")
_ADVISORY = "https://osv.dev/vulnerability/"
BROUGHT = 50


def written(part: Part, *, tests: Mapping[str, Any], request: str, opened: str) -> str:
    packages = registry.ask((one["ecosystem"], one["name"]) for one in part.upgrades)
    lines = [
        "| Package | From | To | Change | Clears | Read |",
        "|---|---|---|---|---|---|",
    ]
    for one in part.upgrades:
        found = packages[one["ecosystem"], one["name"]]
        links = registry.links(one["ecosystem"], one["name"], found, one["from"], one["to"])
        cells = [
            f"{plain(one['name'])} ({one['ecosystem']})",
            plain(one["from"]),
            plain(one["to"]),
            plain(one["bump"]),
            ", ".join(_linked(each) for each in one["clears"]) or _said(one["status"]),
            ", ".join(f"[{label}]({url})" for label, url in links.items()),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    planned = {(one["unit"], one["name"]) for one in part.upgrades}
    brought = [move for move in part.moves if (move.unit, move.name) not in planned]
    if brought:
        lines += ["", "Brought along by the lock:", ""]
        lines += [
            f"- {plain(one.name)} {plain(one.before or 'new')} → {plain(one.after or 'gone')}"
            for one in brought[:BROUGHT]
        ]
        lines += [f"- and {len(brought) - BROUGHT} more"] if len(brought) > BROUGHT else []
    return "\n".join([*lines, "", _tests(tests), "", _MARK.format(opened=opened, updated=request)])


def _tests(tests: Mapping[str, Any]) -> str:
    if not tests["commands"]:
        return "**Tests:** there are none that are known. Nothing says that this works."
    commands = "; ".join(plain(one) for one in tests["commands"])
    return f"**Tests:** {'passed' if tests['passed'] else 'FAILED'} in {tests['seconds']} s ({commands})."


def _linked(identity: str) -> str:
    return f"[{plain(identity)}]({_ADVISORY}{identity})"


def _said(status: str) -> str:
    return {"clear": "no known advisory", "unknown": "advisories **unknown**"}.get(status, "")


def plain(text: str) -> str:
    """Text as code: no Markdown, no mention, and no end of a table's cell."""
    return "`" + re.sub(r"[`\x00-\x1f]", " ", str(text)).replace("|", "\\|").strip() + "`"


def marks(text: str | None) -> tuple[str, str] | None:
    """Which request opened a pull request and which wrote it last; None for one that is not ours."""
    found = _MARKED.search(text or "")
    return (found["opened"], found["updated"]) if found else None


def taken_back(text: str, request: str) -> str:
    """The text of one that was open before, when the update of a request was undone."""
    return (
        f"The update of {request} was taken back; the branch is as it was.\n\n{_MARKED.sub('', text).strip()}"
    )
