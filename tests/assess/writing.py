"""Policies and facts written short: a test says only what it is about."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from bot.artifacts import yaml_marks
from bot.assess.facts import Facts
from bot.assess.policy import Document, Policies, PolicyError

ROOT = Path(__file__).parents[2]

HEAD = """\
policy: {name}
version: 1
owner: "@platform"
purpose: What the test is about.
applies_to: [deploy]
"""

GOOD: dict[str, object] = {
    "request.skill": "deploy",
    "request.version": "1.0.0",
    "request.environment": "staging",
    "request.mode": "mutate",
    "request.destructive": False,
    "request.risk": 20,
    "request.cost_usd": 0.1,
    "request.ceiling_usd": 0.5,
    "request.inputs": {"service": "checkout"},
    "actor.principal": "alice",
    "actor.groups": ["engineers"],
    "plan.changes": 1,
    "skill.lifecycle": "stable",
    "skill.open_world": False,
    "freeze.active": [],
    "budget.left_usd": 100.0,
}


def facts(**changed: object) -> Facts:
    """A harmless request with some facts changed; `__` stands for the dot."""
    return Facts.of({**GOOD, **{name.replace("__", "."): value for name, value in changed.items()}})  # type: ignore[arg-type]


def document(text: str, file: str = "policies/p.yaml") -> Document:
    return Document(*yaml_marks.read(text.encode(), file=file))


def policies(**bodies: str) -> Policies:
    """One policy a keyword, named after it; the body follows the head that every policy has."""
    return Policies.load(
        {
            f"policies/{name}.yaml": document(HEAD.format(name=name) + textwrap.dedent(body))
            for name, body in bodies.items()
        }
    )


def gates(*lines: str) -> str:
    """Gates from `id | when | effect`; the effect is YAML: `allow: true`, `deny: no`, `require: {…}`."""
    said = ["gates:"]
    for line in lines:
        name, when, effect = (part.strip() for part in line.split(" | "))
        said += [f"  - id: {name}", f"    why: Why {name}.", f"    when: '{when}'", f"    {effect}"]
    return "\n".join(said) + "\n"


def problems(files: Mapping[str, str]) -> list[str]:
    """What is wrong with documents, as people read it."""
    try:
        Policies.load({file: document(text, file) for file, text in files.items()})
    except PolicyError as error:
        return str(error).splitlines()
    return []


@cache
def shipped() -> Policies:
    folder = ROOT / "policies"
    return Policies.load(
        {f"policies/{path.name}": Document(*yaml_marks.load(path)) for path in sorted(folder.glob("*.yaml"))}
    )
