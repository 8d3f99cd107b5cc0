"""The inputs: a schema that means what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.ask.catalog import did_you_mean
from bot.ask.manifest import Manifest, whole
from bot.ask.reading import Finding


def inputs(manifest: Manifest) -> Iterator[Finding]:
    asked = manifest.inputs
    for position, name in enumerate(asked.required):
        if name not in asked.properties:
            hint = did_you_mean(name, asked.properties).strip()
            yield Finding(("inputs", "required", position), f'there is no input "{name}"', hint)
    for name, one in asked.properties.items():
        at = ("inputs", "properties", name)
        if name == "environment":
            yield Finding(at, "environment is said with `to`, not as an input", "Remove this input.")
        if one.pattern is not None:
            if one.type != "string":
                yield Finding(
                    (*at, "pattern"), f"a pattern is for text, and {name} is {one.type}", "Remove it."
                )
            try:
                re.compile(whole(one.pattern))
            except re.error as error:
                yield Finding((*at, "pattern"), f"the pattern does not compile: {error}", "Correct it.")
                continue
        for key, values in (("enum", one.enum or ()), ("examples", one.examples)):
            for position, value in enumerate(values):
                if one.broken_by(value):
                    yield Finding(
                        (*at, key, position), f"{value!r} is not a valid {name} itself", "Correct it."
                    )
        if one.default is not None and one.broken_by(one.default):
            yield Finding(
                (*at, "default"), f"the default {one.default!r} is not a valid {name}", "Correct it."
            )
        if one.default is not None and name in asked.required:
            yield Finding((*at, "default"), f"{name} is required, so its default never counts", "Keep one.")
