"""What a command really starts, and what it would bring in: told from its arguments alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bot.ask.catalog import Manifest
from bot.ask.installs import unpinned
from bot.ask.lint import lint
from bot.ask.reading import read_as
from bot.ask.shells import inline_code, shell_string

from .conftest import DEPLOY, FILES


@pytest.mark.parametrize(
    "command",
    [
        "sh -c x",
        "bash -lc x",
        "/bin/bash -ec x",
        "zsh --command=x",
        "bash -e -o pipefail -c x",
        "bash -euo pipefail -c x",
        "env sh -c x",
        "env -i A=b sh -c x",
        "sudo -u root bash -c x",
        "timeout 5 sh -c x",
        "nice -n 5 nohup sh -c x",
        "xargs -0 sh -c x",
        "busybox sh -c x",
        "env -S x",
        "su -c x",
        "su bob --command=x",
    ],
)
def test_a_shell_string_is_found_however_it_is_reached(command: str) -> None:
    assert shell_string(command.split()) is not None


@pytest.mark.parametrize(
    "command",
    [
        "sh scripts/x.sh",
        "bash -e scripts/x.sh -c",
        "bash -o pipefail scripts/x.sh -c",
        "python3 scripts/x.py -c x",
        "git -c a=b log",
        "env A=b python3 x.py",
    ],
)
def test_a_script_is_no_shell_string(command: str) -> None:
    assert shell_string(command.split()) is None


def test_text_that_a_program_splits_itself_is_a_shell_string() -> None:
    assert shell_string(["watch", "rm -rf x"]) == 0
    assert shell_string(["watch", "ls"]) is None


@pytest.mark.parametrize(
    ("command", "position"),
    [
        ("python3 -c x", 2),
        ("/usr/bin/python3.12 -I -c x", 3),
        ("node -e x", 2),
        ("perl -ex", 1),
        ("env perl -e x", 3),
        ("python3 scripts/x.py -c x", None),
    ],
)
def test_code_in_an_argument_is_found(command: str, position: int | None) -> None:
    assert inline_code(command.split()) == position


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("pip install requests", "requests"),
        ("pip3 install -U requests==2.0 flask>=1", "flask>=1"),
        ("python3 -m pip install requests", "requests"),
        ("python3.12 -m pip install requests", "requests"),
        ("uv pip install --python x requests", "requests"),
        ("pip install git+https://x.test/a.git@main", "git+https://x.test/a.git@main"),
        ("uvx ruff check", "ruff"),
        ("uvx --from ruff ruff check", "ruff"),
        ("pipx run black .", "black"),
        ("uv tool install ruff", "ruff"),
        ("npx cowsay@latest hi", "cowsay@latest"),
        ("npx -y cowsay", "cowsay"),
        ("npm install -g left-pad", "left-pad"),
        ("pnpm dlx cowsay", "cowsay"),
        ("yarn add left-pad@^1", "left-pad@^1"),
        ("sudo apt-get install -y curl", "curl"),
        ("apk add curl", "curl"),
        ("brew install jq", "jq"),
        ("go install x.test/a@latest", "x.test/a@latest"),
        ("cargo install ripgrep", "ripgrep"),
        ("gem install rails", "rails"),
        ("docker run --rm -v a:b alpine:latest sh", "alpine:latest"),
        ("docker pull alpine:3.20", "alpine:3.20"),
    ],
)
def test_what_would_be_the_newest_is_found(command: str, what: str) -> None:
    assert unpinned(command.split()) == what


@pytest.mark.parametrize(
    "command",
    [
        "pip install requests==2.32.0",
        "pip install -r requirements.txt",
        "pip install --require-hashes -r requirements.txt x",
        "pip install git+https://x.test/a.git@" + "a" * 40,
        "pip install ./here",
        "pip download requests",
        "uvx ruff@0.9.1 check .",
        "uvx --from ruff==0.9.1 ruff check .",
        "npx cowsay@1.6.0 hi",
        "npm ci",
        "npm install",
        "npm install @acme/tool@1.2.3",
        "apt-get install -y curl=7.88.1-10",
        "apt-get update",
        "go install x.test/a@v1.2.3",
        "cargo install ripgrep --version 14.1.0",
        "gem install rails -v 7.1.0",
        "docker run alpine@sha256:" + "a" * 64,
        "git install x",
    ],
)
def test_what_says_exactly_which_is_not(command: str) -> None:
    assert unpinned(command.split()) is None


@pytest.mark.parametrize(
    ("argv", "rule", "at"),
    [
        (["bash", "-c", "echo ${inputs.service}"], "shell-string", 0),
        (["env", "bash", "-c", "ls"], "shell-string", 1),
        (["python3", "-c", "print('${inputs.service}')"], "shell-string", 2),
        (["pip", "install", "requests"], "unpinned-install", None),
    ],
)
def test_such_a_command_stops_the_skill(argv: list[str], rule: str, at: int | None) -> None:
    data: dict[str, Any] = copy.deepcopy(DEPLOY)
    data["steps"][0]["run"] = argv
    data["permissions"]["exec"] += [argv[0]]
    found = lint(read_as(Manifest, data), folder="deploy", runbook_name="deploy", files=FILES)
    [one] = [finding for finding in found if finding.rule == rule]
    assert one.path == (("steps", 0, "run") if at is None else ("steps", 0, "run", at))
