"""The open Agent Skills format (agentskills.io): read tolerantly, judged strictly."""

from bot.artifacts.standard.front_matter import FrontMatter, read
from bot.artifacts.standard.rules import kept

__all__ = ["FrontMatter", "kept", "read"]
