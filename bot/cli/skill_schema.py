"""`assent skills schema`: the JSON Schema of a skill's files, for editors."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Kind(StrEnum):
    SKILL = "skill"
    CASES = "cases"
    LINT = "lint"
    REVOKED = "revoked"


def schema(
    kind: Annotated[
        Kind, typer.Argument(help="skill.yaml, cases.yaml, lint.yaml or revoked.yaml.")
    ] = Kind.SKILL,
) -> None:
    """The JSON Schema of one kind of file, for editors that complete and check while somebody writes.

    Such as: assent skills schema > skill.schema.json
    """
    from bot.artifacts import skill_schemas

    typer.echo(skill_schemas.text(kind.value), nl=False)
