"""What an operator set: by the environment, or by the demo host where that is all there is.

A demo host has a repository, registries and pull requests of its own and says where. It is asked only while
nothing names the repositories that may be upgraded: else the environment counts alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import web
from telling import Stopped

ABOUT = "/settings/dependency-upgrade"
TOKEN = "ASSENT_GITHUB_TOKEN"  # noqa: S105  (what a demo host calls its own)


@cache
def token() -> str:
    """GitHub's token: the secret `github` of this step; empty where an operator gave none."""
    handed = [file.read_text(encoding="utf-8") for file in _handed() if file.name == "github"]
    return handed[0] if handed else _of_the_host().get(TOKEN, "")


def put_away() -> None:
    """From now on the token is in our memory alone: what is started after this finds no file of it."""
    token()
    for file in _handed():
        file.unlink(missing_ok=True)


def _handed() -> list[Path]:
    """The secrets of this step, each a file."""
    folder = os.environ.get("ASSENT_SECRETS")
    return sorted(Path(folder).iterdir()) if folder else []


def setting(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or _of_the_host().get(name, "") or default


@cache
def _of_the_host() -> Mapping[str, str]:
    host = os.environ.get("ASSENT_TARGET", "").strip()
    if not host or os.environ.get("ASSENT_REPOSITORIES", "").strip():
        return {}
    try:
        said = web.ask(host.rstrip("/") + ABOUT)
    except Stopped:
        return {}  # a host without a forge; then there is nothing to upgrade
    return {str(name): str(value) for name, value in said.items()} if isinstance(said, dict) else {}
