"""What commands print: tables for people, JSON for programs, notes beside either."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from bot.ask.reading import Problem


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """A table as wide as the terminal; `empty` is the sentence when there is nothing to show.

    Cells are text from outside: brackets in them are brackets, never markup.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    headed = any(columns)
    drawn = Table(box=box.SIMPLE_HEAD if headed else None, show_header=headed, pad_edge=False)
    for column in columns:
        drawn.add_column(column, overflow="fold")  # a cut digest is no digest
    for row in rows:
        drawn.add_row(*(Text(str(cell)) for cell in row))
    if drawn.row_count:
        Console().print(drawn)
    else:
        note(empty)


def as_json(value: Any) -> None:
    """One document on standard output and nothing else there."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def placed(problem: Problem) -> dict[str, Any]:
    """A finding with its place, for programs."""
    names = ("file", "line", "column", "message", "hint", "rule", "level")
    return {name: getattr(problem, name) for name in names}


def note(text: str) -> None:
    """A word to the person, beside the output."""
    typer.echo(text, err=True)
