"""A checked CEL expression as a tree, read from the library's own export.

The export is the protocol buffer `cel.expr.CheckedExpr`; its wire format is a few lines to read, so that no
second protobuf runtime has to agree with the library's. Numbers below are the field numbers of that schema.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

Const = str | int | float | bool | bytes | None

DEEPEST = 60
"""Deeper than anybody writes, and far from the recursion that crashes an interpreter."""


class TooDeep(Exception):
    """An expression nested past what we are ready to walk."""


@dataclass(frozen=True, slots=True)
class Node:
    """`kind`: const, ident, select, has, call, list or other; `name`: the identifier, field or function."""

    id: int
    kind: str
    name: str = ""
    value: Const = None
    parts: tuple[Node, ...] = ()

    def walk(self) -> Iterator[Node]:
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass(frozen=True, slots=True)
class Tree:
    """`dynamic`: some part has no static type. `offsets`: by node id, where in the source it stands."""

    root: Node
    dynamic: bool
    offsets: Mapping[int, int]


def read(exported: bytes) -> Tree:
    """The tree in `Expression.serialize()`; raises TooDeep."""
    [checked] = [value for number, value in _fields(exported) if number == 2]
    root = Node(0, "other")
    types: set[Wire] = set()
    offsets: dict[int, int] = {}
    for number, value in _fields(_bytes(checked)):
        match number:
            case 3:
                types.add(_entry(_bytes(value))[1])
            case 4:
                root = _node(_bytes(value), 0)
            case 5:
                for part, entry in _fields(_bytes(value)):
                    if part == 4:
                        id_, offset = _entry(_bytes(entry))
                        offsets[id_] = _int(offset)
    return Tree(root, any(_is_dynamic(_bytes(type_)) for type_ in types), offsets)


Wire = int | bytes


def _fields(data: bytes) -> Iterator[tuple[int, Wire]]:
    at, end = 0, len(data)
    while at < end:
        key, at = (data[at], at + 1) if data[at] < 128 else _varint(data, at)
        match key & 7:
            case 0:
                value, at = _varint(data, at)
                yield key >> 3, value
            case 1:
                yield key >> 3, data[at : at + 8]
                at += 8
            case 2:
                size, at = (data[at], at + 1) if data[at] < 128 else _varint(data, at)
                yield key >> 3, data[at : at + size]
                at += size
            case wire:
                raise ValueError(f"wire type {wire} is not part of a checked expression")


def _entry(data: bytes) -> tuple[int, Wire]:
    """Key and value of a map's entry. Each node has two of them, and nearly all are numbers of one byte."""
    if len(data) > 3 and data[1] < 128 and data[3] < 128:
        return data[1], data[4:] if data[2] & 7 == 2 else data[3]
    found = dict(_fields(data))
    return _int(found[1]), found.get(2, 0)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _bytes(value: Wire) -> bytes:
    if isinstance(value, int):
        raise ValueError("a message was expected, not a number")
    return value


def _int(value: Wire) -> int:
    """A signed 64-bit number; the wire has it in two's complement."""
    if not isinstance(value, int):
        raise ValueError("a number was expected, not a message")
    return value - (1 << 64) if value >= 1 << 63 else value


@lru_cache(maxsize=256)
def _is_dynamic(type_: bytes) -> bool:
    """A type that is, or has inside, `dyn` (1); lists are 6, maps 7."""
    return any(
        number == 1
        or (number in (6, 7) and any(_is_dynamic(_bytes(part)) for _, part in _fields(_bytes(value))))
        for number, value in _fields(type_)
    )


def _node(data: bytes, depth: int) -> Node:
    if depth > DEEPEST:
        raise TooDeep
    fields = dict(_fields(data))
    id_ = _int(fields.pop(2, 0))
    for number, value in fields.items():
        inner = list(_fields(_bytes(value)))
        name = next((_bytes(one).decode() for at, one in inner if at == _NAMED_BY.get(number)), "")
        parts = tuple(_node(_bytes(one), depth + 1) for at, one in inner if at in _PARTS.get(number, ()))
        match number:
            case 3:
                return Node(id_, "const", value=_const(inner))
            case 4:
                return Node(id_, "ident", name)
            case 5:
                return Node(id_, "has" if any(at == 3 for at, _ in inner) else "select", name, parts=parts)
            case 6:
                return Node(id_, "call", name, parts=parts)
            case 7:
                return Node(id_, "list", parts=parts)
            case 8:
                return Node(id_, "other", parts=tuple(_entries(inner, depth + 1)))
            case _:
                return Node(id_, "other", parts=parts)
    return Node(id_, "other")


_NAMED_BY = {4: 1, 5: 2, 6: 2}
_PARTS = {5: (1,), 6: (1, 3), 7: (1,), 9: (2, 4, 5, 6, 7)}
"""Where the sub-expressions are: operand; target and arguments; elements; the parts of a comprehension."""


def _entries(inner: list[tuple[int, Wire]], depth: int) -> Iterator[Node]:
    for number, entry in inner:
        if number == 2:
            for part, value in _fields(_bytes(entry)):
                if part in (3, 4):
                    yield _node(_bytes(value), depth)


def _const(inner: list[tuple[int, Wire]]) -> Const:
    for number, value in inner:
        match number, value:
            case 2, int():
                return bool(value)
            case 3 | 4, int():
                return _int(value)
            case 5, bytes():
                return float(struct.unpack("<d", value)[0])
            case 6, bytes():
                return value.decode()
            case 7, bytes():
                return value
    return None
