"""What a deployment would change. Reads only; the same state gives the same bytes."""

import difflib
import json
from typing import Any

from target import Declined, Target, arguments, ask, result, run

REFUSED = 3


def main() -> int:
    given = arguments("service", "environment", "version")
    target = Target(service=given.service, environment=given.environment)
    try:
        known = {
            one["version"]: one["commit"] for one in ask("GET", f"/services/{given.service}")["versions"]
        }
        state = target.state()
    except Declined as declined:
        return refuse(str(declined))
    if given.version not in known:
        return refuse(f"{given.service} has no version {given.version}. {hint(given.version, list(known))}")
    live = state["live"]
    wanted = {"version": given.version, "commit": known[given.version]}
    answer: dict[str, Any] = {
        "target": {"identity": state["identity"], "revision": state["revision"]},
        "resolved": {**wanted, "previous": live["version"], "previous_commit": live["commit"]},
    }
    if live["commit"] == wanted["commit"]:
        text = f"{given.service} {given.version} is already live in {given.environment}"
        nothing = {"changes": [], "details": f"{text}, on {live['colour']}.", "undo": "nothing to undo"}
        return result({"summary": text, **nothing, **answer, "nothing_to_do": True})
    commits = ask("GET", f"/services/{given.service}/commits?from={live['version']}&to={given.version}")
    idle = "green" if live["colour"] == "blue" else "blue"
    step = f"{given.service} {live['version']} → {given.version} in {given.environment}"
    return result(
        {
            "summary": f"{step}, {counted(commits)}",
            "changes": [{"what": given.service, "from": live["version"], "to": given.version}],
            "details": details(live=live, wanted=wanted, idle=idle, commits=commits),
            **answer,
            "undo": f"back to {live['version']} (recorded revision {state['revision']})",
            "nothing_to_do": False,
        }
    )


def refuse(text: str) -> int:
    print(json.dumps({"refused": text}, ensure_ascii=False), flush=True)
    return REFUSED


def hint(version: str, known: list[str]) -> str:
    close = difflib.get_close_matches(version, known, n=1, cutoff=0.6)
    return f"{f'Did you mean {close[0]}? ' if close else ''}Known: {', '.join(known)}."


def counted(commits: Any) -> str:
    parts = []
    for side, word in (("added", ""), ("removed", " taken back")):
        if number := len(commits[side]):
            parts.append(f"{number} commit{'s' if number > 1 else ''}{word}")
    return " and ".join(parts) or "the same code"


def details(*, live: Any, wanted: Any, idle: str, commits: Any) -> str:
    lines = []
    for side, title in (("added", "New commits"), ("removed", "Commits that go away")):
        if commits[side]:
            lines.append(f"{title}:")
            lines += [
                f"  {one['commit'][:7]} {one['subject']} ({one['author']}, {one['date'][:10]})"
                for one in commits[side]
            ]
    lines += [
        "Processes:",
        f"  {idle} starts {wanted['version']} at commit {wanted['commit'][:12]}",
        f"  {live['colour']} keeps {live['version']} at commit {live['commit'][:12]} for two more minutes",
        f"Traffic: {live['colour']} → {idle}, in one step.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    run(main)
