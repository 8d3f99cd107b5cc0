"""The branch of each part, and what steps need to know of it: small enough to travel in an argument."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import git
from catalogue import Repository
from git import Checkout
from telling import Refusal
from trial import PREFIX, Trial

REQUEST = "Assent-Request"
"""The trailer of a commit that says which request made it."""

MOST_CHARACTERS = 100_000
"""What steps are told travels in one argument, of which Linux takes 128 KB."""


def packed(parts: Sequence[dict[str, Any]]) -> str:
    """Everything that steps need, as one line. Raises Refusal when it is too much for one request."""
    text = json.dumps(parts, separators=(",", ":"))
    if len(text) > MOST_CHARACTERS:
        moves = sum(len(part["moves"]) for part in parts)
        raise Refusal(f"{moves} versions would move, too many at once. Ask for one group or one package.")
    return text


@dataclass(frozen=True)
class Branches:
    repository: Repository
    room: Path

    @cached_property
    def heads(self) -> Mapping[str, str]:
        return git.heads(self.repository, self.room, f"{PREFIX}*")

    def check(self, trials: Sequence[Trial], checkout: Checkout) -> None:
        """Raises Refusal when somebody else committed to a branch that we would go on with."""
        for trial in trials:
            if trial.branch not in self.heads:
                continue
            words = ("fetch", "--quiet", "--depth", "1", "origin", trial.branch)
            git.run(*words, folder=checkout.folder, repository=self.repository)
            said = git.run(
                "show", "--no-patch", "--format=%B", self.heads[trial.branch], folder=checkout.folder
            )
            if not any(line.startswith(f"{REQUEST}: ") for line in said.splitlines()):
                raise Refusal(
                    f"Somebody committed to {trial.branch}. Merge that branch or delete it, then ask again."
                )

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
