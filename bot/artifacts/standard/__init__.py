"""The open Agent Skills format (agentskills.io): read tolerantly, judged strictly."""

from bot.artifacts.standard.front_matter import FrontMatter, read
from bot.artifacts.standard.rules import MOST, kept

__all__ = ["MOST", "FrontMatter", "kept", "read"]
