"""A small inventory that speaks MCP on its input and output, with nothing but the standard library.

Its hosts are in the folder that it is given. `db-9` is one that it says to have moved, and does not move.
"""

import json
import sys
from pathlib import Path

NAME = {"type": "string", "description": "The host's name"}
KEY = {"type": "string", "description": "The key of who moves it; the same key moves it once"}
HOST = {
    "type": "object",
    "required": ["name", "rack", "retired", "moved_by"],
    "properties": {
        "name": {"type": "string"},
        "rack": {"type": "string"},
        "retired": {"type": "boolean"},
        "moved_by": {"type": "string"},
    },
}


def takes(**properties: dict) -> dict:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


TOOLS = [
    {
        "name": "find_host",
        "description": "Where a host stands.",
        "inputSchema": takes(name=NAME),
        "outputSchema": HOST,
        "annotations": {"readOnlyHint": True},
    },
    {
        "name": "move_host",
        "description": "Record that a host stands in another rack.",
        "inputSchema": takes(name=NAME, rack={"type": "string", "pattern": "^r[0-9]+$"}, operation=KEY),
        "outputSchema": HOST,
        "annotations": {"idempotentHint": True},
    },
    {
        "name": "take_back",
        "description": "Record what was recorded before the move of this key.",
        "inputSchema": takes(operation=KEY),
    },
]
HOSTS = {
    "db-7": {"name": "db-7", "rack": "r3", "retired": False, "moved_by": ""},
    "db-8": {"name": "db-8", "rack": "r3", "retired": True, "moved_by": ""},
    "db-9": {"name": "db-9", "rack": "r3", "retired": False, "moved_by": ""},
}


class Inventory:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "inventory.json"

    def read(self) -> dict:
        return json.loads(self.file.read_text()) if self.file.exists() else {"hosts": HOSTS, "moves": {}}

    def call(self, tool: str, given: dict) -> object:
        """The tool's data. Raises KeyError for a host that is not there."""
        known = self.read()
        if tool == "find_host":
            return known["hosts"][given["name"]]
        key = given["operation"]
        if tool == "move_host":
            host = known["hosts"][given["name"]]
            if key not in known["moves"] and given["name"] != "db-9":
                known["moves"][key] = dict(host)
                host.update(rack=given["rack"], moved_by=key)
            found = dict(host)
        else:
            before = known["moves"].pop(key, None)
            if before is not None:
                known["hosts"][before["name"]] = before
            found = {"taken_back": before is not None}
        self.file.write_text(json.dumps(known))
        return found


def answered(inventory: Inventory, method: str, parameters: dict) -> dict:
    if method == "initialize":
        return {
            "protocolVersion": parameters["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "inventory", "version": "1"},
        }
    if method == "tools/list":
        return {"tools": TOOLS}
    try:
        data = inventory.call(parameters["name"], parameters["arguments"])
    except KeyError as missing:
        return {"isError": True, "content": [{"type": "text", "text": f"there is no {missing.args[0]}"}]}
    return {"structuredContent": data, "content": [{"type": "text", "text": json.dumps(data)}]}


def main() -> None:
    inventory = Inventory(Path(sys.argv[1]))
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            result = answered(inventory, message["method"], message.get("params", {}))
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)


if __name__ == "__main__":
    main()
