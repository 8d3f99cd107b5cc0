"""A small MCP server of tests, of its own words: a notebook. `manners.json` beside it says how it misbehaves.

Run as a program it speaks on its input and output; `answer_to` is the same for a server that speaks HTTP.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

OBJECT = {"type": "object", "additionalProperties": False}
TOOLS: list[dict[str, Any]] = [
    {
        "name": "write",
        "description": "Write a line into the notebook.",
        "inputSchema": OBJECT
        | {
            "required": ["line"],
            "properties": {
                "line": {"type": "string", "maxLength": 100},
                "times": {"type": "integer", "minimum": 1, "maximum": 5},
                "loud": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
            },
        },
        "outputSchema": {
            "type": "object",
            "required": ["written"],
            "properties": {"written": {"type": "integer"}},
        },
        "annotations": {"readOnlyHint": False, "destructiveHint": False},
    },
    {
        "name": "lines_of",
        "description": "How often a line is in the notebook.",
        "inputSchema": OBJECT | {"required": ["line"], "properties": {"line": {"type": "string"}}},
        "annotations": {"readOnlyHint": True},
    },
    {
        "name": "strike",
        "description": "Take a line out of the notebook.",
        "inputSchema": OBJECT | {"required": ["line"], "properties": {"line": {"type": "string"}}},
        "annotations": {"readOnlyHint": True},
    },
]


class Notebook:
    """Everything it does is also noted in `calls`, so that a test can see whether it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def manners(self) -> dict[str, Any]:
        path = self.folder / "manners.json"
        found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return found

    def lines(self) -> list[str]:
        path = self.folder / "lines"
        return path.read_text().splitlines() if path.exists() else []

    def tools(self) -> list[dict[str, Any]]:
        tools = json.loads(json.dumps(TOOLS))
        for name, changes in self.manners.get("tools", {}).items():
            for tool in tools:
                if tool["name"] == name:
                    tool.update(changes)
        return [*tools, *self.manners.get("more_tools", [])]

    def call(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        with (self.folder / "calls").open("a") as calls:
            calls.write(json.dumps([name, given]) + "\n")
        if name in self.manners.get("results", {}):
            found: dict[str, Any] = self.manners["results"][name]
            return found
        line, lines = given["line"], self.lines()
        if name == "write":
            lines += [line] * given.get("times", 1)
            (self.folder / "lines").write_text("".join(f"{one}\n" for one in lines))
            structured = {"written": given.get("times", 1)}
            text = json.dumps(structured)
            return {"content": [{"type": "text", "text": text}], "structuredContent": structured}
        if name == "lines_of":
            return {"content": [{"type": "text", "text": json.dumps({"count": lines.count(line)})}]}
        (self.folder / "lines").write_text("".join(f"{one}\n" for one in lines if one != line))
        return {"content": [{"type": "text", "text": f"struck {line}"}]}

    def answer_to(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """None for what nobody answers."""
        if "id" not in message or "method" not in message:
            return None
        method, parameters = message["method"], message.get("params", {})
        if method == "initialize":
            revision = self.manners.get("revision", parameters["protocolVersion"])
            result = {
                "protocolVersion": revision,
                "capabilities": self.manners.get("capabilities", {"tools": {}}),
                "serverInfo": {"name": "notebook", "version": "1"},
            }
        elif method == "tools/list":
            tools, at = self.tools(), int(parameters.get("cursor", 0))
            result = {"tools": tools[at : at + 2]}
            if at + 2 < len(tools) or self.manners.get("endless"):
                result["nextCursor"] = str(at + 2)
        elif method == "tools/call":
            if parameters["name"] in self.manners.get("declines", []):
                return {
                    "jsonrpc": "2.0",
                    "id": message["id"],
                    "error": {"code": -32602, "message": "not now"},
                }
            result = self.call(parameters["name"], parameters.get("arguments", {}))
        else:
            return {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "what?"}}
        return {"jsonrpc": "2.0", "id": message["id"], "result": result}


def main(folder: Path) -> None:
    notebook = Notebook(folder)
    (folder / "pid").write_text(str(os.getpid()))
    (folder / "environment.json").write_text(json.dumps(dict(os.environ)))
    if notebook.manners.get("child"):
        subprocess.Popen([sys.executable, "-c", f"import time; time.sleep(600)  # {folder}"])
    for line in sys.stdin:
        message = json.loads(line)
        method = message.get("method", "")
        when = notebook.manners.get("at", {}).get(method, {})
        for raw in when.get("says", []):
            print(raw, flush=True)
        if "floods" in when:
            print("x" * when["floods"], flush=True)
        if "cries" in when:
            print(when["cries"], file=sys.stderr, flush=True)
        if when.get("does_first"):
            notebook.answer_to(message)
        (folder / "at").write_text(method)
        if "dies" in when:
            os._exit(when["dies"])
        time.sleep(when.get("sleeps", 0))
        if "tries" in when:  # to get out of its walls
            (folder / "tried.json").write_text(json.dumps(tried(when["tries"])))
        if (answer := notebook.answer_to(message)) is not None:
            print(json.dumps(answer), flush=True)


def tried(what: dict[str, Any]) -> dict[str, str]:
    import socket

    found = {}
    if path := what.get("read"):
        try:
            found["read"] = Path(path).read_text()
        except OSError as error:
            found["read"] = type(error).__name__
    if port := what.get("port"):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
            found["port"] = "connected"
        except OSError as error:
            found["port"] = type(error).__name__
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
