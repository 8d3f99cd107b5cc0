"""A requirement rewritten so that it allows a version, in the style it was written in."""

from __future__ import annotations

import re

import ecosystem as kinds

_CLAUSE = re.compile(r"(?P<operator>===|~=|==|!=|<=|>=|<|>)(?P<gap>\s*)(?P<operand>[^\s,]+)")
_COMPARISON = re.compile(
    r"(?P<operator>\^|~>|~|<=|>=|<|>|=)?(?P<gap>\s*)(?P<operand>v?[0-9][0-9A-Za-z.+*-]*)", re.ASCII
)


def rewritten(ecosystem: str, spec: str, version: str) -> str | None:
    """The requirement, changed as little as possible; None when there is no safe way to say it.

    A pin becomes the new pin. A range that allows the version stays as it is. An upper bound moves to the
    next number at its own precision: `<2` to `<3`, `^1.2` to `^2.0`.
    """
    wanted = kinds.allowed(ecosystem, spec)
    new = kinds.version(ecosystem, version)
    if wanted.pinned is None and wanted.allows(new):
        return spec
    changed = _python(spec, version) if ecosystem == "PyPI" else _npm(spec, version)
    try:
        return changed if changed and kinds.allowed(ecosystem, changed).allows(new) else None
    except kinds.NotAVersion:
        return None


def _python(spec: str, version: str) -> str | None:
    new = kinds.version("PyPI", version)

    def one(clause: re.Match[str]) -> str:
        operator, operand = clause["operator"], clause["operand"]
        if operator not in ("==", "===") and kinds.allowed("PyPI", clause[0]).allows(new):
            return clause[0]
        parts = len(operand.removesuffix(".*").split("."))
        match operator:
            case "==" if operand.endswith(".*"):
                operand = _numbers(new.numbers(parts)) + ".*"
            case "==" | "===" | "<=":
                operand = version
            case "~=":
                operand = _numbers(new.numbers(max(parts, 2)))
            case "<":
                operand = _above(operand, version, "PyPI")
        return f"{operator}{clause['gap']}{operand}"

    return _CLAUSE.sub(one, spec)


def _npm(spec: str, version: str) -> str | None:
    if "||" in spec or re.search(r"\s-\s", spec):
        return None  # which of the alternatives should move is a person's question
    new = kinds.version("npm", version)

    def one(comparison: re.Match[str]) -> str:
        operator, operand = comparison["operator"] or "", comparison["operand"]
        whole = kinds.allowed("npm", comparison[0])
        if whole.pinned is None and whole.allows(new):
            return comparison[0]
        match operator:
            case "" | "=" | "<=" if whole.pinned is not None or operator == "<=":
                operand = version
            case "" | "=" | "^" | "~" | "~>":
                operand = _alike(operand, version, new.numbers(3))
            case "<":
                operand = _above(operand, version, "npm")
        return f"{operator}{comparison['gap']}{operand}"

    return _COMPARISON.sub(one, spec)


def _alike(operand: str, version: str, numbers: tuple[int, ...]) -> str:
    """The version with as many parts as were written, and an x where an x was."""
    parts = operand.removeprefix("v").split(".")
    if len(parts) >= 3 and parts[2][:1].isdigit():
        return version
    kept = [part if part in "xX*" else str(number) for part, number in zip(parts, numbers, strict=False)]
    return ".".join(kept)


def _above(bound: str, version: str, ecosystem: str) -> str:
    """The first bound above a version that is as round as the one that stood there."""
    written = bound.removeprefix("v").split(".")
    exact = len(written)
    while exact > 1 and written[exact - 1] == "0":
        exact -= 1
    numbers = list(kinds.version(ecosystem, version).numbers(exact))
    numbers[-1] += 1
    return _numbers((*numbers, *(0,) * (len(written) - exact)))


def _numbers(parts: tuple[int, ...]) -> str:
    return ".".join(map(str, parts))
