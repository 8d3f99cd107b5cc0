"""What a manifest may say and nothing carries out yet.

A promise that nobody keeps is worse than none, so a skill that relies on one does not load. Whoever builds
one of these takes its line away.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.ask.lint.places import places
from bot.ask.manifest import ConnectorCall, HttpRequest, Manifest, ModelCall, Question
from bot.ask.reading import Finding, Path

_HINT = "Leave it out until it is."


def not_yet(manifest: Manifest) -> Iterator[Finding]:
    for path, what in _kinds(manifest):
        yield Finding(path, f"{what} not carried out yet", _HINT, "not-yet")


def _kinds(manifest: Manifest) -> Iterator[tuple[Path, str]]:
    for place in places(manifest):
        if not isinstance(place.body, tuple | HttpRequest | ConnectorCall | ModelCall | Question):
            kind = next(part for part in reversed(place.path) if isinstance(part, str))
            yield place.path, f"steps of the kind {kind} are"
        if isinstance(place.body, ModelCall) and place.body.tools:
            yield (*place.path, "tools"), "tools of a model are"
