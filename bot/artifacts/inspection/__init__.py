"""What stands in the files of a skill: faults that anybody can see, and signs that a reader should look."""

from bot.artifacts.inspection.blocking import blockers
from bot.artifacts.inspection.guessing import guesses
from bot.artifacts.inspection.suppressions import FILE, suppressed

__all__ = ["FILE", "blockers", "guesses", "suppressed"]
