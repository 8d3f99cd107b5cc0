"""JSON Schemas of the files of a skill, for editors and other programs: read from the shapes that load them.

They may be looser than the loader, which also holds parts against each other; they are never stricter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel

from bot.artifacts import schemas
from bot.artifacts.cases import Cases
from bot.artifacts.inspection.suppressions import Suppressions
from bot.artifacts.revoked import Revoking
from bot.ask.manifest import Manifest

Document = Literal["skill", "cases", "lint", "revoked"]

_SHAPES: Mapping[Document, tuple[type[BaseModel], str]] = {
    "skill": (Manifest, "skill.yaml of Assent: what may run"),
    "cases": (Cases, "tests/cases.yaml of a skill: what must come out"),
    "lint": (Suppressions, "lint.yaml of a skill: warnings that were looked at"),
    "revoked": (Revoking, "revoked.yaml beside skills: what must not run any more"),
}


def schema(document: Document) -> dict[str, Any]:
    return schemas.of(*_SHAPES[document])


def text(document: Document) -> str:
    """As it is printed and kept, byte for byte."""
    return schemas.written(schema(document))
