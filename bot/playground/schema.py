"""A tiny schema language that answers in Slack's own words, for the tables of Block Kit."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias


class Schema(Protocol):
    """Says what is wrong with a value, one line a fault, each ending in the JSON pointer Slack would name."""

    def faults(self, value: Any, at: str) -> Iterator[str]: ...


def fault(text: str, at: str) -> str:
    return f"{text} [json-pointer:{at}]"


@dataclass(frozen=True, slots=True)
class Str:
    max: int = 3000
    min: int = 1
    one_of: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()

    def faults(self, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield fault("must be a string", at)
        elif len(value) > self.max:
            yield fault(f"must be less than {self.max + 1} characters", at)
        elif len(value) < self.min:
            yield fault(f"must be more than {self.min - 1} characters", at)
        elif self.one_of and value not in self.one_of:
            yield fault(f"must be a valid enum value: {', '.join(self.one_of)}", at)
        elif self.starts and not value.startswith(self.starts):
            yield fault("must be a valid URL", at)


@dataclass(frozen=True, slots=True)
class Int:
    min: int = 0
    max: int = 2**53

    def faults(self, value: Any, at: str) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield fault("must be an integer", at)
        elif not self.min <= value <= self.max:
            yield fault(f"must be between {self.min} and {self.max}", at)


@dataclass(frozen=True, slots=True)
class Bool:
    def faults(self, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, bool):
            yield fault("must be a boolean", at)


@dataclass(frozen=True, slots=True)
class AnyObject:
    def faults(self, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield fault("must be an object", at)


@dataclass(frozen=True, slots=True)
class Many:
    of: Schema
    max: int
    min: int = 1

    def faults(self, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield fault("must be an array", at)
            return
        if len(value) > self.max:
            yield fault(f"no more than {self.max} items allowed", at)
        if len(value) < self.min:
            yield fault(f"no fewer than {self.min} items required", at)
        for index, item in enumerate(value[: self.max]):
            yield from self.of.faults(item, f"{at}/{index}")


Rule: TypeAlias = Callable[[Mapping[str, Any], str], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Obj:
    """An object with exactly these fields: Slack refuses what it does not know as well as what is missing."""

    required: Mapping[str, Schema] = field(default_factory=dict)
    optional: Mapping[str, Schema] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()

    def faults(self, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield fault("must be an object", at)
            return
        for name in self.required:
            if value.get(name) is None:
                yield fault(f"missing required field: {name}", at)
        for name, inner in value.items():
            schema = self.required.get(name) or self.optional.get(name)
            if schema is None:
                if name != "type":
                    yield fault(f"invalid additional property: {name}", at)
            elif inner is not None:
                yield from schema.faults(inner, f"{at}/{name}")
        for rule in self.rules:
            yield from rule(value, at)


@dataclass(frozen=True, slots=True)
class Typed:
    """One of several objects, told apart by `type`."""

    kinds: Mapping[str, Schema]

    def only(self, *names: str) -> "Typed":
        return Typed({name: self.kinds[name] for name in names})

    def faults(self, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield fault("must be an object", at)
            return
        kind = value.get("type")
        if not isinstance(kind, str):
            yield fault("missing required field: type", at)
        elif kind not in self.kinds:
            yield fault(f"unsupported type: {kind}", f"{at}/type")
        else:
            yield from self.kinds[kind].faults(value, at)


def one_of_fields(*names: str) -> Rule:
    """Exactly one of the named fields must be there."""

    def rule(value: Mapping[str, Any], at: str) -> Iterator[str]:
        if sum(1 for name in names if value.get(name) is not None) != 1:
            yield fault(f"must define exactly one of: {', '.join(names)}", at)

    return rule


def any_of_fields(*names: str) -> Rule:
    def rule(value: Mapping[str, Any], at: str) -> Iterator[str]:
        if not any(value.get(name) for name in names):
            yield fault(f"must define at least one of: {', '.join(names)}", at)

    return rule
