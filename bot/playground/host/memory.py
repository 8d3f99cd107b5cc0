"""What the host remembers of a service in an environment, on disk before anybody is told it happened."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

Colour = Literal["blue", "green"]
Kind = Literal["installed", "started", "switched", "stopped", "retiring"]


def other(colour: Colour) -> Colour:
    return "green" if colour == "blue" else "blue"


class Running(BaseModel):
    """A release and the colour that runs it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    colour: Colour
    version: str
    commit: str


class Change(BaseModel):
    """One thing that was done, with the key of whoever asked: the answer to "did it happen?"."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    seq: int
    at: datetime
    kind: Kind
    key: str
    request: str
    before: Running | None
    after: Running | None
    revision: str


class Memory(BaseModel):
    """State and history of one service in one environment, one file."""

    model_config = ConfigDict(extra="forbid")
    live: Running
    number: int = 1
    port: int = 0
    changes: list[Change] = []

    @property
    def revision(self) -> str:
        """Opaque to others; differs after every switch, also after a switch back to the same commit."""
        return f"{self.number}-{self.live.commit[:12]}"

    def done_with(self, key: str) -> Change | None:
        return next((change for change in self.changes if change.key == key), None)

    @classmethod
    def load(cls, path: Path) -> "Memory | None":
        try:
            return cls.model_validate(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def save(self, path: Path) -> None:
        """Replace the file in one step and wait for the disk: a power cut leaves the old state or the new."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as file:
            file.write(self.model_dump_json())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
