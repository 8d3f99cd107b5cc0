from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import pytest

from bot.store.connection import connect
from bot.store.embedded import EmbeddedRedis
from tests.model.ground import Shelf
from tests.model.play import Bed


@pytest.fixture(scope="package")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """A server for these tests alone. It does not flush its disk: here it is never the server that dies."""
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as url, asyncio.Runner() as runner:
        admin, loop = connect(url), runner.get_loop()
        loop.run_until_complete(admin.config_set("appendfsync", "no"))
        try:
            yield Bed(unquote(urlsplit(url).path), admin, loop, Shelf(tmp_path_factory.mktemp("shelf")))
        finally:
            loop.run_until_complete(admin.aclose())
