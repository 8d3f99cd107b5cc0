"""What an operator set: by the environment, or by the demo host where that is all there is.

A demo host has a repository, registries and pull requests of its own and says where. It is asked only while
nothing names the repositories that may be upgraded: else the environment counts alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

import web
from telling import Stopped

ABOUT = "/settings/dependency-upgrade"


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
