"""Say all that one is not to say."""

from __future__ import annotations

import argparse
import base64
import json
import os
import pathlib
import subprocess
import sys
import time
from urllib.parse import quote

from ways import ways

what, how = sys.argv[1:3]
known = [os.environ["LEAK_OPEN"], os.environ["LEAK_TOKEN"]]
if folder := os.environ.get("ASSENT_SECRETS"):
    known += [path.read_text() for path in sorted(pathlib.Path(folder).iterdir())]
said = " | ".join(known)


def plan() -> int:
    if how == "refuses":
        print(json.dumps({"refused": f"Not with {said}, nor {quote(said)}."}))
        return 3
    if how == "crashes":
        raise RuntimeError(f"cannot plan with {said}")
    print(json.dumps({
        "summary": f"tell {said}",
        "changes": [{"what": one, "from": one, "to": quote(one)} for one in known],
        "details": "\n".join(f"<{way}>" for one in known for way in ways(one)),
        "target": {"identity": said, "revision": said},
        "resolved": {"it": said, **dict.fromkeys(known, "x")},
        "undo": said,
        "labels": {"it": said},
    }))  # fmt: skip
    return 0


def say() -> int:
    for stream in (1, 2):
        for one in known:
            for way in ways(one):
                os.write(stream, f"<{way}>\n".encode())
            data = f"piece by piece {one} and on\n".encode()
            for at in range(1, len(data)):
                os.write(stream, data[:at])
                time.sleep(0.0005)
                os.write(stream, data[at:])
            for at in range(len(data)):
                os.write(stream, data[at : at + 1])
    coded = {one: base64.b64encode(one.encode()).decode() for one in known}
    print(json.dumps({"result": known, "of": coded, "deep": [[{"it": said}]]}))
    return 0


def fails() -> int:
    """A step whose failure quotes its arguments, and a traceback."""
    print("about to break", said, flush=True)
    if how != "breaks":
        return 0
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--count", type=int)
    try:
        parser.parse_args(["--count", said])
    except argparse.ArgumentError as error:
        print(error, file=sys.stderr)
    subprocess.run(["/nonexistent/" + said, said], check=True)
    return 1


def measure() -> int:
    print(json.dumps({"told": "yes", "with": said}))
    return 0


sys.exit({"plan": plan, "say": say, "break": fails, "undo": measure, "measure": measure}[what]())
