"""PyYAML's nodes, by libyaml where it is: for the place of everything, and for the words of a refusal."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import yaml
from yaml.composer import Composer, ComposerError
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

DEEPEST = 40
_TAGS: dict[type[yaml.Node], str] = {
    yaml.ScalarNode: "tag:yaml.org,2002:str",
    yaml.SequenceNode: "tag:yaml.org,2002:seq",
    yaml.MappingNode: "tag:yaml.org,2002:map",
}
PLAIN = frozenset(_TAGS.values())


class _Nodes(Composer):
    """PyYAML's nodes without its constructors and resolvers: nothing in a file can become an object."""

    _depth = 0

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        return _TAGS[kind]

    def descend_resolver(self, parent: Any, index: Any) -> None:
        """Paths have no tags of their own."""

    def ascend_resolver(self) -> None:
        """As above."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[attr-defined]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise ComposerError(
                None, None, "anchors and aliases are not read", event.start_mark, "Write the value out."
            )
        if self._depth >= DEEPEST:
            raise ComposerError(None, None, f"this is nested deeper than {DEEPEST} levels", event.start_mark)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class _InPython(_Nodes, Reader, Scanner, Parser):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)


if yaml.__with_libyaml__:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]

    class _Quick(_Nodes, CParser):
        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)
            Composer.__init__(self)


def root(text: str) -> yaml.Node | None:
    """Read by libyaml, seven times as fast, where PyYAML has it.

    What libyaml refuses is read again in Python: it has the last word, and the same words on every machine.
    """
    if yaml.__with_libyaml__:
        with suppress(yaml.YAMLError):
            return _Quick(text).get_single_node()
    loader = _InPython(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()
