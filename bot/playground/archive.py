"""The workspace between two runs: channels, messages, homes as one JSON file, written whole or not at all."""

import asyncio
import base64
import json
from dataclasses import asdict
from pathlib import Path

from bot.playground.workspace import Change, Channel, Json, Workspace

SCHEMA = 1
SAVE_AFTER_SECONDS = 0.5


class Archive:
    def __init__(self, workspace: Workspace, path: Path) -> None:
        self._workspace, self._path = workspace, path
        self._due: asyncio.TimerHandle | None = None
        workspace.listen(self.on_change)

    def load(self) -> None:
        if not self._path.exists():
            return
        stored = json.loads(self._path.read_text())
        if stored.get("schema") != SCHEMA:
            raise ValueError(f"{self._path} was written by another version. Delete it to start afresh.")
        for each in stored["channels"]:
            channel = self._workspace.channels[each["id"]] = Channel(**each)
            for message in channel.messages[-1:]:
                self._workspace.resume_after(message["ts"])
        self._workspace.homes.update(stored["homes"])
        for file_id, each in stored["files"].items():
            content = base64.b64decode(each["bytes"]) if each["bytes"] is not None else None
            self._workspace.files[file_id] = {**each, "bytes": content}

    def save(self) -> None:
        self._due = None
        stored: Json = {
            "schema": SCHEMA,
            "channels": [self._kept(each) for each in self._workspace.channels.values()],
            "homes": self._workspace.homes,
            "files": {
                file_id: {
                    **each,
                    "bytes": base64.b64encode(each["bytes"]).decode() if each["bytes"] is not None else None,
                }
                for file_id, each in self._workspace.files.items()
            },
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        beside.write_text(json.dumps(stored))
        beside.replace(self._path)

    def _kept(self, channel: Channel) -> Json:
        """Whispers do not outlive a session, as in Slack."""
        stored = asdict(channel)
        return stored | {"messages": [each for each in stored["messages"] if not each.get("only_to")]}

    def on_change(self, _: Change) -> None:
        """Saves soon; many changes at once are one file."""
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(SAVE_AFTER_SECONDS, self.save)

    def close(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self.save()
