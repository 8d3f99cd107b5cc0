"""A server of the official SDK, which our client is held against: `stdio`, or a port for streamable HTTP."""

from __future__ import annotations

import sys
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.types import ToolAnnotations

server = MCPServer("official", version="1")


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def add(first: int, second: int, note: str | None = None) -> dict[str, Any]:
    """Add two numbers."""
    return {"sum": first + second, "note": note}


@server.tool()
def fail(name: str) -> str:
    """Never works."""
    raise ValueError(f"there is no {name}")


@server.tool()
async def chatty(name: str, context: Context) -> str:
    """Tell of it while it works."""
    for part in range(3):
        await context.report_progress(part, 3)
    return name


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        server.run("stdio")
    else:
        server.run(
            "streamable-http", host="127.0.0.1", port=int(sys.argv[1]), json_response=len(sys.argv) > 2
        )
