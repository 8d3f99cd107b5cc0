"""What differs between two versions of a skill, and how far its version must move for that.

Computed, not trusted. Major: it may do more, asks for more, or promises less. Minor: it offers more, or may
do less. Patch: anything else that is another byte. Who declares more than is computed is never wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bot.ask.catalog import Skill
from bot.ask.manifest import Manifest
from bot.ask.revision.asking import asking
from bot.ask.revision.difference import Difference
from bot.ask.revision.running import running
from bot.ask.versions import Level

__all__ = ["Difference", "differences", "file_differences", "manifest_differences", "needed"]


def differences(then: Skill, now: Skill) -> tuple[Difference, ...]:
    """Everything that is not what it was, the weightiest first."""
    found = [*manifest_differences(then.manifest, now.manifest), *file_differences(then.files, now.files)]
    if not found and then.digest != now.digest:  # the digest also covers whether a file is executable
        found.append(Difference("files", "a file became executable, or is no longer", Level.PATCH))
    return tuple(sorted(found, key=lambda one: -one.level))


def manifest_differences(then: Manifest, now: Manifest) -> Iterator[Difference]:
    """What the manifest declares, part by part."""
    yield from asking(then, now)
    yield from running(then, now)


def file_differences(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Difference]:
    """By bytes alone: what a script does cannot be computed, so this is the least it can be."""
    for path in sorted({*then, *now}):
        if path not in now:
            yield Difference("files", f"{path} is gone", Level.PATCH)
        elif path not in then:
            yield Difference("files", f"{path} is new", Level.PATCH)
        elif then[path] != now[path]:
            yield Difference("files", f"{path} changed", Level.PATCH)


def needed(found: Iterable[Difference]) -> Level:
    """How far the version must move for all of it."""
    return max((one.level for one in found), default=Level.NONE)
