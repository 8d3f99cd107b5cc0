"""The branch of each part, and what steps need to know of it: small enough to travel in an argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import git
from catalogue import Repository
from trial import PREFIX, Trial


@dataclass(frozen=True)
class Branches:
    repository: Repository
    room: Path

    @cached_property
    def heads(self) -> Mapping[str, str]:
        return git.heads(self.repository, self.room, f"{PREFIX}*")

    def described(self, trial: Trial) -> dict[str, Any]:
        """`head` is where the branch is now, empty when it is new: a push replaces that and nothing else."""
        return {
            "branch": trial.branch,
            "title": trial.title,
            "head": self.heads.get(trial.branch, ""),
            "upgrades": [
                {
                    "unit": one.used.unit.label,
                    "ecosystem": one.used.unit.ecosystem,
                    "name": one.used.name,
                    "from": one.before,
                    "to": one.after,
                    "bump": one.bump,
                    "clears": list(one.clears),
                    "status": one.status,
                }
                for one in trial.upgrades
            ],
            "moves": sorted([move.unit, move.name, move.before, move.after] for move in trial.moves),
            "limits": trial.limits,
        }
