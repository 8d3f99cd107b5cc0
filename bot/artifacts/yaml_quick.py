"""The data of an ordinary YAML file straight from libyaml's events, in a third of the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import yaml
from pydantic import JsonValue

from bot.artifacts.yaml_nodes import DEEPEST
from bot.ask.reading import Path as Where

if yaml.__with_libyaml__:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]


class Unusual(Exception):
    """What the other way of reading refuses, with its place and what would be right."""


def ordinary(text: str, scalar: Callable[[Any], JsonValue]) -> JsonValue:
    """Raises Unusual for whatever may be refused. `scalar` says what a word means."""
    if not yaml.__with_libyaml__:
        raise Unusual
    try:
        parser = CParser(text)
        parser.get_event()
        if type(parser.get_event()) is yaml.StreamEndEvent:
            return None
        found = _event(parser, parser.get_event(), scalar, 0)
        parser.get_event()
        if type(parser.get_event()) is not yaml.StreamEndEvent:
            raise Unusual
    except yaml.YAMLError:
        raise Unusual from None
    return found


def _event(parser: Any, event: Any, scalar: Callable[[Any], JsonValue], depth: int) -> JsonValue:
    kind = type(event)
    if kind is yaml.AliasEvent or event.anchor is not None or event.tag is not None or depth >= DEEPEST:
        raise Unusual
    if kind is yaml.ScalarEvent:
        return scalar(event)
    get, inside = parser.get_event, depth + 1 < DEEPEST
    if kind is yaml.SequenceStartEvent:
        items: list[JsonValue] = []
        while (kind := type(item := get())) is not yaml.SequenceEndEvent:
            plain = inside and kind is yaml.ScalarEvent and item.anchor is None and item.tag is None
            items.append(scalar(item) if plain else _event(parser, item, scalar, depth + 1))
        return items
    found: dict[str, JsonValue] = {}
    while type(key := get()) is not yaml.MappingEndEvent:
        if type(key) is not yaml.ScalarEvent or key.anchor is not None or key.tag is not None:
            raise Unusual
        if key.value in found or key.value == "<<":
            raise Unusual
        value = get()
        plain = inside and type(value) is yaml.ScalarEvent and value.anchor is None and value.tag is None
        found[key.value] = scalar(value) if plain else _event(parser, value, scalar, depth + 1)
    return found


class Later(Mapping[Where, tuple[int, int]]):
    """The places of a file that was read already, found when somebody asks: of a good file nobody does."""

    def __init__(self, find: Callable[[], Mapping[Where, tuple[int, int]]]) -> None:
        self._find = find

    @cached_property
    def _found(self) -> Mapping[Where, tuple[int, int]]:
        return self._find()

    def __getitem__(self, where: Where) -> tuple[int, int]:
        return self._found[where]

    def __iter__(self) -> Iterator[Where]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)
