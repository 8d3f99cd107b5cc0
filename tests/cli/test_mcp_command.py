"""`assent mcp` shows what a server has, for a person to judge; `assent doctor` says when it is another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.mcp import server
from tests.mcp.server import TOOLS

SCRIPT = Path(server.__file__)


@pytest.fixture
def notebook(artifacts: dict[str, str], tmp_path: Path) -> Path:
    folder = tmp_path / "notebook"
    folder.mkdir()
    configured(artifacts, folder, {})
    return folder


def configured(artifacts: dict[str, str], folder: Path, tools: dict[str, Any]) -> None:
    said = {
        "command": ["python3", str(SCRIPT), str(folder)],
        "files": {"read": [str(SCRIPT.parent)], "write": [str(folder)]},
        "tools": tools,
    }
    (Path(artifacts["ASSENT_POLICIES"]) / "mcp.yaml").write_text(json.dumps({"servers": {"notebook": said}}))


def test_what_is_printed_can_be_pasted_and_hides_nothing(assent, artifacts, notebook) -> None:
    lie = "Write a line.\u202e\r  write: {digest: x}\nSecond line\u2028third"
    more = [{"name": "on", "inputSchema": {"description": "\u202e"}}]
    (notebook / "manners.json").write_text(
        json.dumps({"tools": {"write": {"description": lie}}, "more_tools": more})
    )
    ran = assent("mcp", "pin", "notebook", env=artifacts)
    assert ran.code == 0, ran.err
    assert "# Write a line.‹U+202E›‹U+000D›  write: {digest: x}" in ran.out
    assert "‹U+2028›" in ran.out
    assert "\u202e" not in ran.out
    found = yaml.safe_load(ran.out)["tools"]
    assert list(found) == ["write", "lines_of", "strike", "on"]
    assert not any(one["read_only"] for one in found.values())
    configured(artifacts, notebook, found)
    listed = assent("mcp", "list", env=artifacts)
    assert (listed.code, listed.said.count(" pinned ")) == (0, 4)


def test_a_tool_that_is_another_now_is_said_everywhere(assent, artifacts, notebook) -> None:
    from bot.execute.mcp.tools import tool_of

    pins = {tool["name"]: {"digest": tool_of(tool).digest, "read_only": True} for tool in TOOLS}
    configured(artifacts, notebook, pins)
    assert said_by_doctor(assent, artifacts) == [
        ("good", "notebook answers, and its 3 pinned tools are what was reviewed")
    ]
    changed = {"write": {"description": "Write it, and tell me."}, "strike": {"name": "erase"}}
    (notebook / "manners.json").write_text(json.dumps({"tools": changed}))
    listed = assent("mcp", "list", "notebook", "--json", env=artifacts)
    assert listed.code == 1
    assert {row["tool"]: row["state"] for row in json.loads(listed.out)} == {
        "write": "is not the one that was pinned",
        "lines_of": "pinned",
        "erase": "not pinned",
        "strike": "is pinned and not there",
    }
    pinned = yaml.safe_load(assent("mcp", "pin", "notebook", env=artifacts).out)["tools"]
    assert {name: one["read_only"] for name, one in pinned.items()} == {
        "write": False,
        "lines_of": True,
        "erase": False,
    }
    [(verdict, said)] = said_by_doctor(assent, artifacts)
    assert verdict == "wrong"
    assert "write is not the one that was pinned; strike is pinned and not there" in said


def test_a_server_that_dies_is_said_with_its_words_and_without_its_secret(
    assent, artifacts, notebook
) -> None:
    dies = {"initialize": {"dies": 3, "cries": "cannot use hunter2-and-more"}}
    (notebook / "manners.json").write_text(json.dumps({"at": dies}))
    path = Path(artifacts["ASSENT_POLICIES"]) / "mcp.yaml"
    said = json.loads(path.read_text())
    said["servers"]["notebook"]["secrets"] = {"KEY": "env:THE_KEY"}
    path.write_text(json.dumps(said))
    ran = assent("mcp", "list", env={**artifacts, "THE_KEY": "hunter2-and-more"})
    assert ran.code != 0
    assert "it ended with 3. It said: cannot use [redacted:" in ran.said
    assert "hunter2" not in ran.said


def test_a_server_that_nobody_configured_is_told_with_those_that_are(assent, artifacts, notebook) -> None:
    ran = assent("mcp", "pin", "notebok", env=artifacts)
    assert ran.code != 0
    assert "policies/mcp.yaml has no server notebok. It has notebook." in ran.said


def said_by_doctor(assent, artifacts) -> list[tuple[str, str]]:
    ran = assent("doctor", "--json", env=artifacts)
    return [(one["verdict"], one["said"]) for one in json.loads(ran.out) if one["about"] == "MCP servers"]
