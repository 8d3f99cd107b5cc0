"""What the workspace says about the app itself: a short log, and lines shown to people."""

from collections import deque
from collections.abc import Callable

from bot.playground.workspace import Change, Json, Workspace


class Notices:
    def __init__(self, workspace: Workspace, shown_app: Callable[[], Json]) -> None:
        self._workspace, self._shown_app = workspace, shown_app
        self.entries: deque[Json] = deque(maxlen=100)

    def log(self, level: str, text: str) -> None:
        self.entries.append({"at": self._workspace.clock(), "level": level, "text": text})

    def show(self, level: str, text: str, *, user: str = "", channel: str = "") -> None:
        """Logged, and pushed to `user` (to everybody when none is named)."""
        self.log(level, text)
        only = frozenset({user}) if user else None
        self._workspace.tell(Change("notice", {"level": level, "text": text}, channel, only))

    def app_changed(self) -> None:
        """The app came or went: every open page redraws its light."""
        self._workspace.tell(Change("app", {"app": self._shown_app()}))
