"""The whole house, as `assent dev` starts it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.cli.local import Local

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def local(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Local]:
    """`socket_mode` by an indirect parameter; HTTP otherwise."""
    house = Local(
        tmp_path / "home",
        port=0,
        skills_dir=ROOT / "skills",
        policies_dir=ROOT / "policies",
        socket_mode=getattr(request, "param", None) == "socket mode",
    )
    async with house:
        yield house
