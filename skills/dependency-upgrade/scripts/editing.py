"""Manifests changed as text: only the specifier moves, comments and layout stay.

Every edit is checked by reading the result: what it says must be what it said, but for the one place that was
meant. Where that cannot be shown, nothing is written.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import npm_manifests
import python_manifests
import specs
from telling import Stopped
from units import Unit

_HASH = re.compile(r"((?:[ \t]|\\\r?\n)+)--hash=\S+")
Way = tuple[str | int, ...]


class CannotEdit(Stopped):
    """The place could not be found, or an edit would have changed something else as well."""


def edit(
    root: Path,
    unit: Unit,
    wanted: Mapping[str, str],
    *,
    hashes: Mapping[str, Iterable[str]],
    exact: bool = False,
) -> None:
    """Let the manifests of a unit allow these versions (by normal name), or name exactly them.

    `hashes` has the SHA-256 of every file of the new version, for requirements that carry them.
    Raises CannotEdit.
    """
    for file in unit.files:
        if file == unit.lock:
            continue
        text = python_manifests.read(root, file)
        if unit.kind == "requirements":
            changed = requirements(text, file, wanted, hashes)
        elif unit.ecosystem == "PyPI":
            changed = pyproject(text, file, wanted)
        else:
            changed = package_json(text, file, wanted, exact=exact)
        if changed != text:
            (root / file).write_bytes(changed.encode("utf-8"))


def requirements(text: str, file: str, wanted: Mapping[str, str], hashes: Mapping[str, Iterable[str]]) -> str:
    pieces = []
    for _, _, line in python_manifests.lines(text):
        found = python_manifests.split(meant) if (meant := python_manifests.meant(line)) else None
        if found is None or found[0] not in wanted:
            pieces.append(line)
            continue
        name, spec = found
        new = _rewritten("PyPI", spec, wanted[name], file)
        pieces.append(_with_hashes(_replaced(line, spec, new, file), sorted(hashes.get(name, ())), file))
    changed = "".join(pieces)
    before, after = (
        [python_manifests.meant(one) for _, _, one in python_manifests.lines(t)] for t in (text, changed)
    )
    for old, new in zip(before, after, strict=True):
        if old != new and (split := python_manifests.split(old)) and split[0] not in wanted:
            raise CannotEdit(f"{file} could not be edited without changing {old!r}.")
    return changed


def _replaced(line: str, spec: str, new: str, file: str) -> str:
    """The line with its specifier changed; the name stands before it and is not looked into."""
    name = re.match(r"\s*[A-Za-z0-9._-]+\s*(?:\[[^\]]*\])?\s*\(?", line)
    start = line.find(spec, name.end() if name else 0)
    if not spec or start < 0:
        raise CannotEdit(f"{file}: {line.strip()[:80]!r} cannot be edited in its place.")
    return line[:start] + new + line[start + len(spec) :]


def _with_hashes(line: str, hashes: list[str], file: str) -> str:
    """The hashes of the new version where those of the old one stood, laid out as they were."""
    old = list(_HASH.finditer(line))
    if not old:
        return line
    if not hashes:
        raise CannotEdit(f"{file} has hashes, and the registry says none for the new version.")
    first, more = old[0][1], old[-1][1]
    block = "".join(f"{more if number else first}--hash=sha256:{one}" for number, one in enumerate(hashes))
    return line[: old[0].start()] + block + line[old[-1].end() :]


def pyproject(text: str, file: str, wanted: Mapping[str, str]) -> str:
    changes: dict[Way, str] = {}
    for way, requirement in python_manifests.written(tomllib.loads(text)):
        found = python_manifests.split(requirement)
        if found is None or found[0] not in wanted:
            continue
        new = _rewritten("PyPI", found[1], wanted[found[0]], file)
        if new != found[1]:
            changes[way] = _replaced(requirement, found[1], new, file)
    return _settled(text, file, changes, tomllib.loads, lambda value: (f'"{value}"', f"'{value}'"))


def package_json(text: str, file: str, wanted: Mapping[str, str], *, exact: bool) -> str:
    changes: dict[Way, str] = {}
    for group, name, spec in npm_manifests.written(json.loads(text)):
        if name not in wanted:
            continue
        new = wanted[name] if exact else _rewritten("npm", spec, wanted[name], file)
        if new != spec:
            changes[group, name] = new
    return _settled(text, file, changes, json.loads, lambda value: (json.dumps(value, ensure_ascii=False),))


def _rewritten(ecosystem: str, spec: str, version: str, file: str) -> str:
    new = specs.rewritten(ecosystem, spec, version)
    if new is None:
        raise CannotEdit(f"{file} says {spec!r}, which cannot be rewritten for {version}.")
    return new


def _settled(
    text: str,
    file: str,
    changes: Mapping[Way, str],
    parse: Callable[[str], Any],
    spelled: Callable[[str], tuple[str, ...]],
) -> str:
    """Make each change at the one place in the text that changes exactly that value and nothing else."""
    content = parse(text)
    for way, new in changes.items():
        after = copy.deepcopy(content)
        holder = after
        for step in way[:-1]:
            holder = holder[step]
        old, holder[way[-1]] = holder[way[-1]], new
        for before_text, after_text in zip(spelled(old), spelled(new), strict=True):
            tried = _first_that_fits(
                text, before_text, after_text, lambda one, after=after: _is(parse, one, after)
            )
            if tried is not None:
                break
        else:
            raise CannotEdit(f"{file}: {old!r} cannot be edited in its place.")
        text, content = tried, after
    return text


def _first_that_fits(text: str, old: str, new: str, fits: Callable[[str], bool]) -> str | None:
    start = text.find(old)
    while start >= 0:
        tried = text[:start] + new + text[start + len(old) :]
        if fits(tried):
            return tried
        start = text.find(old, start + 1)
    return None


def _is(parse: Callable[[str], Any], text: str, content: Any) -> bool:
    try:
        return bool(parse(text) == content)
    except ValueError:
        return False
