"""Which repositories may be upgraded, and how their tests are run: the operator's file says.

`ASSENT_REPOSITORIES` names a TOML file:

    allow = ["https://github.com/acme/"]          # any repository below may be named by its address

    [repositories.shop]
    url = "https://github.com/acme/shop.git"
    base = "main"
    tests = [["uv", "run", "--frozen", "pytest", "-q"]]
"""

from __future__ import annotations

import difflib
import re
import tomllib
import urllib.parse
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from settings import setting
from telling import Refusal, Stopped

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/-]{0,99}", re.ASCII)
_GITHUB = re.compile(r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}", re.ASCII)
_SCHEMES = ("https", "http", "ssh", "file")


@dataclass(frozen=True)
class Repository:
    """`base` is empty for the remote's own default; `tests` is None when the repository is to say how."""

    name: str
    url: str
    base: str = ""
    tests: tuple[tuple[str, ...], ...] | None = None
    github: str = ""
    """`owner/name`, where pull requests are opened; empty for a plain git remote."""


def find(asked: str) -> Repository:
    """The repository that is meant. Raises Refusal for one that nobody allowed."""
    data = _read()
    known: dict[str, Any] = data.get("repositories", {})
    if asked in known:
        return _repository(asked, known[asked])
    if "/" not in asked:
        close = difflib.get_close_matches(asked, known, n=1, cutoff=0.6)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise Refusal(f"There is no repository {asked}. {hint}Known: {', '.join(sorted(known)) or 'none'}.")
    if not any(_below(asked, str(prefix)) for prefix in data.get("allow", [])):
        raise Refusal(
            f"{_shown(asked)} may not be upgraded. An operator allows it in the file of ASSENT_REPOSITORIES."
        )
    return _repository(PurePosixPath(urllib.parse.urlsplit(asked).path).stem, {"url": asked})


def _below(url: str, prefix: str) -> bool:
    """Below the allowed address, compared by its parts: `https://git.example/acme` is not `…/acme-evil`."""
    asked, allowed = urllib.parse.urlsplit(url), urllib.parse.urlsplit(prefix)
    if (asked.scheme, asked.netloc) != (allowed.scheme, allowed.netloc) or asked.query or asked.fragment:
        return False
    parts, start = asked.path.split("/"), allowed.path.rstrip("/").split("/")
    dots = any(part in (".", "..") or "%" in part or "\\" in part for part in parts)
    inside = len(parts) > len(start) and parts[: len(start)] == start and all(parts[len(start) :])
    return inside and not dots


def _repository(name: str, entry: Any) -> Repository:
    if isinstance(entry, str):
        entry = {"url": entry}
    url = str(entry.get("url", "")) if isinstance(entry, dict) else ""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in _SCHEMES or not _NAME.fullmatch(name):
        raise Stopped(f"The address of {name[:64]} must begin with one of: {', '.join(_SCHEMES)}.")
    if parts.password is not None:
        raise Stopped(f"The address of {name} has a password in it. A token goes into permissions.secrets.")
    base, github = str(entry.get("base", "")), str(entry.get("github", _on_github(parts)))
    if base and (not _BRANCH.fullmatch(base) or ".." in base):
        raise Stopped(f"The base branch of {name} is not a branch's name.")
    if github and not _GITHUB.fullmatch(github):
        raise Stopped(f"github of {name} is written owner/name.")
    return Repository(name, url, base, _tests(name, entry.get("tests")), github)


def _on_github(parts: urllib.parse.SplitResult) -> str:
    return parts.path.strip("/").removesuffix(".git") if parts.hostname == "github.com" else ""


def _tests(name: str, value: Any) -> tuple[tuple[str, ...], ...] | None:
    if value is None:
        return None
    lists = isinstance(value, list) and all(
        isinstance(one, list) and one and all(isinstance(word, str) for word in one) for one in value
    )
    if not lists:
        raise Stopped(f'tests of {name} is a list of commands, each a list of words: [["npm", "test"]].')
    return tuple(tuple(one) for one in value)


def _read() -> dict[str, Any]:
    path = setting("ASSENT_REPOSITORIES")
    if not path:
        raise Refusal(
            "No repository may be upgraded yet. An operator lists them in the file of ASSENT_REPOSITORIES."
        )
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Stopped(f"The list of repositories cannot be read: {error}.") from None


def _shown(url: str) -> str:
    """An address without what may be secret in it."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()[:200]
