"""Skills and policies: read from disk, checked, and seen again when they change."""

from bot.artifacts.disk import Artifacts
from bot.artifacts.lately import Lately
from bot.artifacts.locks import lock
from bot.ask.reading import Problem

__all__ = ["Artifacts", "Lately", "Problem", "lock"]
