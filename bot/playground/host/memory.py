"""What the host remembers of a service in an environment, on disk before anybody is told it happened."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from bot.playground.host.declined import Declined

Colour = Literal["blue", "green"]
Kind = Literal["installed", "started", "switched", "stopped", "retiring", "restarted", "scaled"]
MOST_REPLICAS = 4
"""A demo on somebody's machine: each is a process."""


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
    replicas: int = 1


class Memory(BaseModel):
    """State and history of one service in one environment, one file."""

    model_config = ConfigDict(extra="forbid")
    live: Running
    number: int = 1
    replicas: int = 1
    port: int = 0
    changes: list[Change] = []

    @property
    def revision(self) -> str:
        """Opaque to others; differs after every switch, also after a switch back to the same commit."""
        return f"{self.number}-{self.live.commit[:12]}"

    def done_with(self, key: str) -> Change | None:
        return next((change for change in self.changes if change.key == key), None)

    def known_as(self, key: str, kind: Kind, commit: str | None = None) -> Change | None:
        """What was done with this key. A key is for one thing, and for one commit where one is given."""
        done = self.done_with(key)
        after = done.after.commit if done is not None and done.after is not None else None
        if done is not None and (done.kind != kind or (commit is not None and after != commit)):
            raise Declined("key_used", f"The key {key} was used for something else: {done.kind}.", status=422)
        return done

    def record(
        self, kind: Kind, *, key: str, request: str, before: Running | None, after: Running | None
    ) -> Change:
        """It happened only when this is saved too."""
        change = Change(
            seq=len(self.changes) + 1,
            at=datetime.now(UTC),
            kind=kind,
            key=key,
            request=request,
            before=before,
            after=after,
            revision=self.revision,
            replicas=self.replicas,
        )
        self.changes.append(change)
        return change

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
