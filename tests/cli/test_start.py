"""The command line itself: quick to start, plain when it declines."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

HEAVY = ("aiohttp", "litellm", "redis", "slack_bolt", "slack_sdk", "jsonschema", "rich.table")


def test_a_command_loads_only_what_it_needs() -> None:
    program = f"import sys, bot.cli.app; print([name for name in {HEAVY} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_web_process_holds_neither_the_command_line_nor_what_workers_do() -> None:
    others = ("typer", "rich", "jsonschema", "litellm", "bot.worker", "bot.flow.labour", "bot.flow.running")
    program = f"""
import sys
from bot.cli import main
try:
    main(["web"])
except SystemExit as ended:
    print(ended.code, "bot.web" in sys.modules, [name for name in {others} if name in sys.modules])
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"LANG": "C"}
    )
    assert ran.stdout.strip() == "2 True []"


def test_without_a_command_it_lists_them(assent) -> None:
    ran = assent()
    for command in ("doctor", "manifest", "requests", "skills", "policy", "audit", "costs"):
        assert command in ran.said


def test_an_unknown_command_could_not_run(assent) -> None:
    assert assent("deploy").code == 2


def test_a_process_that_lacks_something_says_all_of_it_and_does_not_start(assent) -> None:
    for process in ("web", "worker"):
        ran = assent(process)
        assert ran.code == 2
        for name in ("REDIS_URL", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"):
            assert f"{name} is not set: assent {process} needs" in ran.err


def test_it_says_which_version_it_is(assent) -> None:
    ran = assent("--version")
    assert (ran.code, ran.out) == (0, f"assent {version('assent')}\n")
