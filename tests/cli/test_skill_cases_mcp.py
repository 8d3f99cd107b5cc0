"""`assent skills test` plays steps of MCP servers against a server that the skill brings for its cases."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.execute.mcp.tools import tool_of
from tests.mcp import server
from tests.mcp.server import TOOLS

SKILL = """\
name: note
version: 1.0.0
owners: ["@platform"]
lifecycle: draft
summary: Writes a line into the notebook.
examples: ["note hello"]
inputs:
  type: object
  additionalProperties: false
  required: [line]
  properties:
    line: {type: string, pattern: '[a-z]+', description: The line}
environments: [development]
effects: {destructive: false, risk: {development: 1}, lock: notebook}
permissions: {exec: [python3], verbs: ["mcp:notebook:write", "mcp:notebook:lines_of", "mcp:notebook:strike"]}
cost: {ceiling_usd: {development: "0.10"}}
plan:
  - {id: plan, run: [python3, scripts/plan.py, "${inputs.line}"], timeout: 20s}
steps:
  - id: write
    title: "Write ${inputs.line}"
    timeout: 20s
    repeat: reconcilable
    mcp: {server: notebook, tool: write, with: {line: "${inputs.line}"}}
    probe: {mcp: {server: notebook, tool: lines_of, with: {line: "${inputs.line}"}, expect: {count: 1}}}
    undo: {mcp: {server: notebook, tool: strike, with: {line: "${inputs.line}"}}}
done_when:
  measure: {timeout: 20s, mcp: {server: notebook, tool: lines_of, with: {line: "${inputs.line}"}}}
  checks: [{name: it is there once, observed: count, at_least: 1, at_most: 1}]
on_fail: undo
limits: {wall: 1m}
"""
PLAN = """\
import json, sys
print(json.dumps({"summary": f"write {sys.argv[1]}", "target": {"identity": "notebook", "revision": "1"}}))
"""
CASES = """\
servers:
  notebook:
    command: [python3, "${env.SKILL}/tests/server.py", "${env.ROOM}"]
    files: {read: ["${env.SKILL}/tests"], write: ["${env.ROOM}"]}
    tools:
      write: {digest: "%(write)s"}
      lines_of: {digest: "%(lines_of)s", read_only: true}
      strike: {digest: "%(strike)s"}
cases:
  - {name: a line, inputs: {line: hello}, environment: development, ends: done}
  - {name: its worker dies, inputs: {line: hello}, environment: development, lose: write, ends: done}
  - {name: stopped, inputs: {line: hello}, environment: development, stop_after: write, ends: rolled_back}
"""


@pytest.fixture
def note(artifacts: dict[str, str]) -> Path:
    folder = Path(artifacts["ASSENT_SKILLS"]) / "note"
    (folder / "tests").mkdir(parents=True)
    (folder / "scripts").mkdir()
    (folder / "SKILL.md").write_text("---\nname: note\ndescription: Writes a line.\n---\nRead it.\n")
    (folder / "skill.yaml").write_text(SKILL)
    (folder / "scripts/plan.py").write_text(PLAN)
    shutil.copy(Path(server.__file__), folder / "tests/server.py")
    digests = {tool["name"]: tool_of(tool).digest for tool in TOOLS}
    (folder / "tests/cases.yaml").write_text(CASES % digests)
    return folder


def test_each_case_has_a_server_of_its_own(assent, artifacts, note) -> None:
    ran = assent("skills", "test", "note", env=artifacts)
    assert (ran.code, "3 cases, all as they say." in ran.err) == (0, True), ran.said


def test_a_tool_that_is_not_the_pinned_one_fails_its_case(assent, artifacts, note) -> None:
    path = note / "tests/server.py"
    path.write_text(path.read_text().replace("Write a line into", "Write anything into"))
    ran = assent("skills", "test", "note", "--case", "a line", env=artifacts)
    assert ran.code == 1
    assert "describes write otherwise than when it was pinned" in ran.said


def test_a_skill_that_uses_a_server_needs_one_in_its_cases(assent, artifacts, note) -> None:
    path = note / "tests/cases.yaml"
    path.write_text(path.read_text().replace("  notebook:", "  notebok:"))
    ran = assent("skills", "test", "note", env=artifacts)
    assert ran.code != 0
    assert "the skill uses no MCP server notebok. Did you mean notebook?" in ran.said
    assert "the skill uses the MCP server notebook, and the cases have none" in ran.said
