"""`python -m bot.playground.host --home DIR [--port 0]`: one JSON line {"url", "pid"} when everything serves.

TERM or Ctrl-C ends it and all it started. With `--with-stdin` so does the end of standard input: a parent
that holds the other end of the pipe can never leave a host behind. With `--while-used S` it ends when nobody
has used it for S seconds (see `lending`).
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from pathlib import Path

from bot.playground.host.home import Home


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m bot.playground.host", description=__doc__)
    arguments.add_argument(
        "--home", type=Path, required=True, help="the folder for repositories, state and logs"
    )
    arguments.add_argument("--port", type=int, default=0, help="the API's port; 0 = any free one")
    arguments.add_argument("--with-stdin", action="store_true", help="end when standard input ends")
    arguments.add_argument("--while-used", type=float, metavar="S", help="end S seconds after the last user")
    given = arguments.parse_args()
    home = Home(given.home)
    if home.take():
        try:
            return asyncio.run(
                serve(home, port=given.port, with_stdin=given.with_stdin, linger_s=given.while_used)
            )
        finally:
            home.leave()
    if (first := home.first()) is None:
        sys.stderr.write(f"Another host holds {home.folder} and does not answer. Its pid is in host.json.\n")
        return 1
    say(first)
    return 0


async def serve(home: Home, *, port: int, with_stdin: bool, linger_s: float | None) -> int:
    # Here and not above: a second start answers from the first host's address without loading a server.
    from aiohttp import web

    from bot.playground.host.api import Api
    from bot.playground.host.demo_host import DemoHost
    from bot.playground.host.lending import deserted

    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    if with_stdin:
        threading.Thread(target=wait_for_stdin, args=(loop, end), daemon=True).start()
    host = DemoHost(home.folder)
    runner = web.AppRunner(Api(host).app(), access_log=None)
    watching: asyncio.Task[None] | None = None
    try:
        await host.open()
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        say(home.announce(f"http://127.0.0.1:{runner.addresses[0][1]}"))
        if linger_s is not None:
            watching = asyncio.create_task(deserted(home.folder, linger_s, end))
        await end.wait()
    finally:
        if watching is not None:
            watching.cancel()
        await runner.cleanup()
        await host.close()
    return 0


def wait_for_stdin(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    while os.read(0, 1024):
        pass
    with contextlib.suppress(RuntimeError):  # the loop has ended by itself
        loop.call_soon_threadsafe(end.set)


def say(address: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(address) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
