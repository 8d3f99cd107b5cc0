"""`revoked.yaml`: what must not run any more, wherever it is, however it was reviewed and signed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from bot.artifacts import yaml_marks
from bot.artifacts.yaml_marks import NotYaml, placed
from bot.ask.catalog import Revocations
from bot.ask.manifest.words import Text, shaped
from bot.ask.reading import Problem, Unreadable, read_as
from bot.terms import Digest, Record

FILE = "revoked.yaml"

_Digest = Annotated[
    Digest, shaped(re.compile(r"sha256:[0-9a-f]{64}"), "a digest is sha256: and 64 hexadecimal digits")
]


class Revoked(Record):
    """One version by its digest, or everything that somebody signed."""

    digest: _Digest | None = None
    signer: Text | None = None
    reason: Text

    @model_validator(mode="after")
    def _one_thing(self) -> Revoked:
        if (self.digest is None) == (self.signer is None):
            raise ValueError("what is revoked is a digest or a signer, one of the two")
        return self


class Revoking(Record):
    """`revoked.yaml`: what must not run any more."""

    revoked: tuple[Revoked, ...] = Field(default=())


def read(skills: Path, *, file: str = FILE) -> tuple[Revocations, list[Problem]]:
    """What is revoked, and what is wrong with the file; a list that cannot be read revokes everything."""
    try:
        data, marks = yaml_marks.load(skills / FILE, file=file)
        found = read_as(Revoking, data or {})
    except FileNotFoundError:
        return Revocations(), []
    except OSError as error:
        problems = [Problem(file, 1, 1, f"it cannot be read: {error.strerror or error}", rule="revoked")]
    except NotYaml as error:
        problems = [error.problem]
    except Unreadable as error:
        problems = [placed(finding, marks, file) for finding in error.findings]
    else:
        return (
            Revocations(
                digests={one.digest: one.reason for one in found.revoked if one.digest is not None},
                signers={one.signer: one.reason for one in found.revoked if one.signer is not None},
            ),
            [],
        )
    return Revocations(unreadable=str(problems[0])), problems
