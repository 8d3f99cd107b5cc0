"""Findings for programs: JSON, SARIF 2.1.0 for code scanning, and GitHub's annotations."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.ask.reading import Problem


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def located(problem: Problem, base: Path) -> str:
    """The file as seen from here: `base` is the folder that a finding's first word is the name of."""
    inside = problem.file.partition("/")[2]
    return Path(os.path.relpath(base / inside if inside else base)).as_posix()


def sarif(problems: Iterable[Problem], *, base: Path, rules: Mapping[str, str]) -> dict[str, Any]:
    """One run of one tool. Fingerprints leave the line out, so that a finding stays itself when it moves."""
    found = list(problems)
    used = sorted({problem.rule for problem in found})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "assent",
                        "version": version("assent"),
                        "rules": [
                            {"id": rule, "shortDescription": {"text": rules.get(rule, rule)}} for rule in used
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(problem, base, used) for problem in found],
            }
        ],
    }


def _result(problem: Problem, base: Path, rules: list[str]) -> dict[str, Any]:
    uri = located(problem, base)
    text = f"{problem.message}. {problem.hint}".strip() if problem.hint else problem.message
    identity = "\0".join((problem.rule, uri, problem.message))
    return {
        "ruleId": problem.rule,
        "ruleIndex": rules.index(problem.rule),
        "level": problem.level,
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri},
                    "region": {"startLine": problem.line, "startColumn": problem.column},
                }
            }
        ],
        "partialFingerprints": {"finding/v1": hashlib.sha256(identity.encode()).hexdigest()[:32]},
    }


_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def annotation(problem: Problem, base: Path) -> str:
    """One line that GitHub Actions shows at its place in the changed files."""
    text = f"{problem.message}. {problem.hint}" if problem.hint else problem.message
    place = f"file={_escaped(located(problem, base), key=True)},line={problem.line},col={problem.column}"
    title = _escaped(problem.rule, key=True)
    return f"::{_COMMANDS[problem.level]} {place},title={title}::{_escaped(text)}"


def _escaped(text: str, *, key: bool = False) -> str:
    """A finding quotes what is in a file: it must not become a command of its own."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if key else text
