"""Commands that would do more than they show: shell strings, code in an argument, whatever is newest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.ask import fill
from bot.ask.installs import unpinned
from bot.ask.lint.places import Placed
from bot.ask.reading import Finding
from bot.ask.shells import inline_code, shell_string

SHELL, INSTALL = "shell-string", "unpinned-install"


def plain(placed: Sequence[Placed]) -> Iterator[Finding]:
    for place in placed:
        if not isinstance(place.body, tuple):
            continue
        argv = place.body
        if (position := shell_string(argv)) is not None:
            what = f"{argv[position]} would run a shell string"
            yield Finding(
                (*place.path, position), what, "Put it into a script of the skill and run that.", SHELL
            )
        if (
            (position := inline_code(argv)) is not None
            and position < len(argv)
            and fill.names(argv[position])
        ):
            what = f"values would be filled into the code that {argv[0]} runs"
            hint = "Put the code into a script of the skill, and give it the values as arguments."
            yield Finding((*place.path, position), what, hint, SHELL)
        if (what_ := unpinned(argv)) is not None:
            what = f"{what_} is installed in whatever version is newest"
            yield Finding(place.path, what, "Say which: name==1.2.3, name@1.2.3, or a digest.", INSTALL)
