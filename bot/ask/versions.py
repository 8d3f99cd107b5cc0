"""Versions of skills: how far one moved from another, and how far it has to."""

from __future__ import annotations

import re
from enum import IntEnum


class Level(IntEnum):
    """How much of the version must move."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    def __str__(self) -> str:
        return self.name.lower()


def declared(then: str, now: str) -> Level | None:
    """How far the version moved; None when it went back."""
    before, after = _numbers(then), _numbers(now)
    if after == before:
        return Level.PATCH if then != now else Level.NONE  # a pre-release became another, or the release
    if after < before:
        return None
    return next(
        level
        for level, was, is_ in zip((Level.MAJOR, Level.MINOR, Level.PATCH), before, after, strict=True)
        if was != is_
    )


def least(then: str, level: Level) -> str:
    """The smallest version that says enough."""
    major, minor, patch = _numbers(then)
    match level:
        case Level.NONE:
            return then
        case Level.PATCH:
            return f"{major}.{minor}.{patch + 1}"
        case Level.MINOR:
            return f"{major}.{minor + 1}.0"
        case Level.MAJOR:
            return f"{major + 1}.0.0"


def _numbers(version: str) -> tuple[int, int, int]:
    major, minor, patch = re.split(r"[.-]", version)[:3]
    return int(major), int(minor), int(patch)
