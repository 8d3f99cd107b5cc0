"""A card and private words as a terminal shows them: the same text, in a frame."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rich.box import ROUNDED
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

_DATE = re.compile(r"<!date\^[0-9]+\^[^|>]*\|([^>]*)>")
_NAMED = re.compile(r"<(?:[@#!][^|>]*|[a-z]+:[^|>]*)\|([^>]*)>")
_ID = re.compile(r"<([@#])([A-Z0-9]+)>")
_COLOURS = {
    "done": "green", "running": "cyan", "approved": "cyan", "waiting": "yellow", "planning": "blue",
    "interrupted": "magenta", "asking": "yellow", "rolled_back": "yellow",
}  # fmt: skip


class Transcript:
    """Prints what happened, so that somebody who was not there can follow it. `names` are Slack ids."""

    def __init__(self, console: Console, names: Mapping[str, str]) -> None:
        self._console, self._names = console, dict(names)

    def scene(self, number: int, title: str) -> None:
        self._console.print()
        self._console.rule(f"[bold]{number}. {title}[/bold]", align="left")

    def says(self, who: str, text: str) -> None:
        self._console.print(Text.assemble((f"{who}: ", "bold"), text))

    def presses(self, who: str, button: str) -> None:
        self._console.print(Text.assemble((f"{who} ", "bold"), "presses ", (f"[{button}]", "reverse")))

    def does(self, text: str) -> None:
        self._console.print(Text(text, style="italic"))

    def whisper(self, who: str, text: str) -> None:
        body = Text(self.plain(text))
        self._console.print(
            Panel(body, title=f"only visible to {who}", title_align="left", style="dim", box=ROUNDED)
        )

    def card(self, message: Mapping[str, Any]) -> None:
        state = str(message.get("metadata", {}).get("event_payload", {}).get("state", ""))
        title, *lines = list(self.lines(message)) or [""]
        body = Text("\n".join(line for line in lines if line))
        colour = _COLOURS.get(state, "red")
        self._console.print(
            Panel(body, title=f"[bold]{title}[/bold]", title_align="left", border_style=colour, box=ROUNDED)
        )

    def good(self, text: str) -> None:
        self._console.print(Text.assemble(("  ✓ ", "green"), text))

    def lines(self, message: Mapping[str, Any]) -> Iterable[str]:
        """The blocks of a message, one line of text for each thing a reader would see."""
        for block in message.get("blocks", []):
            match block["type"]:
                case "header":
                    yield self.plain(block["text"]["text"])
                case "section":
                    if "text" in block:
                        yield self.plain(block["text"]["text"])
                    yield "\n".join(f"  {self._field(field['text'])}" for field in block.get("fields", []))
                case "context":
                    yield "  ".join(self.plain(element.get("text", "")) for element in block["elements"])
                case "rich_text":
                    yield "\n".join(f"  {line}" for line in _spans(block).splitlines())
                case "actions":
                    yield "  ".join(_label(element) for element in block["elements"])

    def _field(self, text: str) -> str:
        """Its name, then what it says on one line."""
        name, *rest = self.plain(text).split("\n")
        return f"{name}: {' · '.join(rest)}"

    def plain(self, text: str) -> str:
        """mrkdwn without its marks: mentions as names, dates as they read, no stars or escapes."""
        text = _NAMED.sub(r"\1", _DATE.sub(r"\1", text))
        text = _ID.sub(lambda m: m[1] + self._names.get(m[2], m[2]), text)
        text = re.sub(r"(?<!\w)[*_`](\S(?:.*?\S)?)[*_`](?!\w)", r"\1", text)
        return text.replace("```", "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _spans(block: Mapping[str, Any]) -> str:
    """All the text of a rich text block, in order."""
    if "elements" in block:
        return "".join(_spans(element) for element in block["elements"])
    return str(block.get("text", ""))


def _label(element: Mapping[str, Any]) -> str:
    if element["type"] == "button":
        return f"[ {element['text']['text']} ]"
    return "[ … ]"
