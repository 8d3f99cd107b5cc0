"""The shape of the house: who may import whom, and what a process must not carry."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

WEB = """
import asyncio, sys
from bot.config import Config
from bot.slack.listeners import bolt
from bot.slack.web_api import client, session
from bot.web import House

async def build():
    async with session() as opened:
        slack = client(token="xoxb-none", url="http://127.0.0.1:9/api/", session=opened)
        bolt(client=slack, bot_id="B0", bot_user="U0", team="T0", reach="http")
        assert len(House(Config()).routes()) == 5

asyncio.run(build())
print([name for name in ("litellm", "openai", "tiktoken", "bot.llm") if name in sys.modules])
"""


def test_the_import_contracts_hold() -> None:
    program = Path(sysconfig.get_path("scripts")) / "lint-imports"
    ran = subprocess.run([program, "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 kept, 0 broken" in ran.stdout


def test_every_part_of_the_bot_has_its_layer() -> None:
    layers = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    placed = {name.strip(" ()") for layer in layers for name in layer.split("|")}
    parts = {path.stem for path in (ROOT / "bot").iterdir() if path.suffix == ".py" or _package(path)}
    assert {f"bot.{part}" for part in parts - {"__init__", "config"}} <= placed


def _package(path: Path) -> bool:
    return (path / "__init__.py").exists()


def test_the_web_process_never_loads_a_model_library() -> None:
    ran = subprocess.run([sys.executable, "-c", WEB], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "pattern", ["bot/store/scripts/*.lua", "bot/playground/page/*", "bot/playground/host/history/*/*/*"]
)
def test_what_is_no_python_goes_along_in_the_wheel(pattern: str) -> None:
    """Hatch takes every file below the package that git does not ignore."""
    found = [path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern) if path.is_file()]
    assert found
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel == {"packages": ["bot"]}, "an include or exclude here may leave something behind"
    ignored = [line.strip() for line in (ROOT / ".gitignore").read_text().splitlines() if line.strip()]
    assert not [(path, line) for path in found for line in ignored if _hidden_by(path, line)]


def _hidden_by(path: str, line: str) -> bool:
    return any(fnmatch(part, line.rstrip("/")) for part in path.split("/"))
