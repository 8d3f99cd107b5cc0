"""git, without anybody's configuration, hooks, links or prompts; a token is in its environment alone."""

from __future__ import annotations

import base64
import os
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

import programs
from catalogue import Repository
from settings import setting, token

_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.symlinks": "false",  # a link in the repository becomes a small file with a path in it
    "core.fsmonitor": "false",
    "core.autocrlf": "false",
    "core.protectNTFS": "true",
    "protocol.ext.allow": "never",
    "transfer.fsckObjects": "true",
    "submodule.recurse": "false",
    "commit.gpgSign": "false",
    "credential.helper": "",
    "init.defaultBranch": "main",
    "advice.detachedHead": "false",
}
_BOT = {"NAME": "Assent", "EMAIL": "assent@localhost"}


HISTORY = 1000
"""How far back an approved commit is looked for when the base branch moved meanwhile."""


@dataclass(frozen=True)
class Checkout:
    """A private working copy of one commit of a repository."""

    repository: Repository
    folder: Path
    base: str
    commit: str

    def files(self) -> list[str]:
        """Every plain file that is tracked; links and submodules are none."""
        listed = run("ls-files", "--stage", "-z", folder=self.folder).split("\0")
        return [path for mode, _, path in (_entry(line) for line in listed if line) if mode.startswith("100")]

    def changed(self) -> list[str]:
        """Files that are not as they were committed, new ones too."""
        run("add", "--all", folder=self.folder)
        names = run("diff", "--cached", "--name-only", "-z", folder=self.folder)
        return [name for name in names.split("\0") if name]

    def restore(self) -> None:
        run("reset", "--quiet", "--hard", self.commit, folder=self.folder)
        run("clean", "--quiet", "-ffdx", folder=self.folder)


def _entry(line: str) -> tuple[str, str, str]:
    about, _, path = line.partition("\t")
    mode, identity, _ = about.split(" ")
    return mode, identity, path


def checkout(repository: Repository, folder: Path) -> Checkout:
    """Clone the newest commit of the base branch."""
    base = ["--branch", repository.base] if repository.base else []
    words = ["clone", "--quiet", "--depth", "1", "--single-branch", "--no-tags", "--template=", *base]
    run(*words, "--", repository.url, str(folder), folder=folder.parent, repository=repository)
    found = run("rev-parse", "HEAD", folder=folder).strip()
    branch = run("symbolic-ref", "--short", "HEAD", folder=folder).strip()
    return Checkout(repository, folder, branch, found)


def take(found: Checkout, commit: str) -> Checkout:
    """The same working copy at a commit that its branch had. Servers may refuse to send one by its name."""
    if commit == found.commit:
        return found
    try:
        run(
            "fetch",
            "--quiet",
            "--depth",
            "1",
            "origin",
            commit,
            folder=found.folder,
            repository=found.repository,
        )
    except programs.Failed:
        words = ("fetch", "--quiet", "--depth", str(HISTORY), "origin", found.base)
        run(*words, folder=found.folder, repository=found.repository)
    taken = Checkout(found.repository, found.folder, found.base, commit)
    taken.restore()
    return taken


def heads(repository: Repository, folder: Path, pattern: str) -> dict[str, str]:
    """Branches of the remote that fit a pattern, each with its commit."""
    listed = run(
        "ls-remote",
        "--heads",
        "--",
        repository.url,
        f"refs/heads/{pattern}",
        folder=folder,
        repository=repository,
    )
    found = (line.split("\t") for line in listed.splitlines())
    return {name.removeprefix("refs/heads/"): commit for commit, name in found}


def run(*words: str, folder: Path, repository: Repository | None = None, **more: str) -> str:
    """Raises programs.Failed. `repository` is given when its remote is talked to: the token goes along."""
    settings = dict(_SETTINGS)
    if repository is not None and (header := _authorization(repository)):
        origin = urllib.parse.urlsplit(repository.url)
        settings[f"http.{origin.scheme}://{origin.netloc}/.extraHeader"] = header
    env = programs.environment(
        GIT_CONFIG_NOSYSTEM="1",
        GIT_CONFIG_GLOBAL=os.devnull,
        GIT_TERMINAL_PROMPT="0",
        GIT_ALLOW_PROTOCOL="https:http:ssh:file",
        GIT_SSH_COMMAND="ssh -oBatchMode=yes",
        GIT_CONFIG_COUNT=str(len(settings)),
        **{f"GIT_CONFIG_KEY_{number}": key for number, key in enumerate(settings)},
        **{f"GIT_CONFIG_VALUE_{number}": value for number, value in enumerate(settings.values())},
        **{f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _BOT.items()},
        **({"SSH_AUTH_SOCK": sock} if (sock := setting("SSH_AUTH_SOCK")) else {}),
        **more,
    )
    return programs.run("git", *words, folder=folder, env=env)


def _authorization(repository: Repository) -> str:
    """A header for the host of the repository; none for one that is not on GitHub, or not over https."""
    found = token()
    secure = repository.url.startswith(("https://", "http://127.0.0.1:"))
    if not found or not repository.github or not secure:
        return ""
    pair = base64.b64encode(f"x-access-token:{found}".encode()).decode()
    return f"Authorization: Basic {pair}"
