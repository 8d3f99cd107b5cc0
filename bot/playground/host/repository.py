"""A service's git repository: real commits and tags, made from `history/` at the host's first start.

Each folder of `history/<service>` is one commit: its files replace those of the commit before, `COMMIT` holds
author, date, tag and message. Authors and dates are fixed, so every machine gets the same hashes. The dot in
the folders' names tells type checkers that these are not modules of ours.

Later starts leave the repository alone: whoever pushes a `v…` tag to it has a new version to deploy.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from email.parser import Parser
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bot.playground.host.declined import Declined

HISTORY = Path(__file__).with_name("history")
VERSION_TAG = re.compile(r"v(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Release:
    """A version and the immutable commit it names."""

    version: str
    commit: str


@dataclass(frozen=True, slots=True)
class Commit:
    commit: str
    author: str
    date: str
    subject: str


class Repository:
    def __init__(self, home: Path, service: str) -> None:
        self.service = service
        self._git_dir = home / "repos" / f"{service}.git"
        self._checkouts = home / "checkouts" / service
        self._checking_out = asyncio.Lock()

    async def create(self) -> None:
        """Build the repository from its history, whole or not at all."""
        if self._git_dir.exists():
            return
        draft = self._git_dir.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        await _git("init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(draft))
        stream = await asyncio.to_thread(_fast_import_stream, HISTORY / self.service, self.service)
        await _git("--git-dir", str(draft), "fast-import", "--quiet", stdin=stream)
        draft.rename(self._git_dir)

    @property
    def url(self) -> str:
        """Where git clones it from and pushes to."""
        return self._git_dir.resolve().as_uri()

    async def branches(self) -> dict[str, str]:
        """Every branch with its commit."""
        listed = await self._run("for-each-ref", "--format=%(refname:strip=2) %(objectname)", "refs/heads")
        return dict(line.split(" ") for line in listed.splitlines())

    async def releases(self) -> list[Release]:
        """Every version with a tag, oldest first."""
        # `*objectname` is the commit behind an annotated tag and empty for a plain one.
        form = "--format=%(refname:strip=2) %(objectname) %(*objectname)"
        found = []
        for line in (await self._run("for-each-ref", form, "refs/tags")).splitlines():
            tag, *ids = line.split()
            if VERSION_TAG.fullmatch(tag):
                found.append(Release(version=tag[1:], commit=ids[-1]))
        return sorted(found, key=lambda release: [int(part) for part in release.version.split(".")])

    async def release(self, commit: str) -> Release:
        """The release a commit is, or is on the way to (`1.4.1-2-g0a1b2c3`, as git describes it)."""
        try:
            described = await self._run("describe", "--tags", "--always", "--match", "v[0-9]*", commit)
        except GitFailed as failed:
            raise Declined("no_such_commit", f"{self.service} has no commit {commit}", status=404) from failed
        return Release(version=described.strip().removeprefix("v"), commit=commit)

    async def between(self, old: str, new: str) -> dict[str, list[dict[str, Any]]]:
        """Commits that `new` adds over `old`, and those it takes away, newest first."""
        form = "--format=%m%x1f%H%x1f%an%x1f%aI%x1f%s"
        sides: dict[str, list[dict[str, Any]]] = {"added": [], "removed": []}
        for line in (await self._run("log", "--left-right", form, f"{old}...{new}")).splitlines():
            side, *fields = line.split("\x1f")
            sides["added" if side == ">" else "removed"].append(asdict(Commit(*fields)))
        return sides

    async def read(self, commit: str, path: str) -> str:
        return await self._run("show", f"{commit}:{path}")

    async def checkout(self, commit: str) -> Path:
        """A folder with the files of exactly this commit; it appears under its name only when complete."""
        folder = self._checkouts / commit
        async with self._checking_out:
            if not folder.exists():
                draft = folder.with_suffix(".draft")
                shutil.rmtree(draft, ignore_errors=True)
                draft.mkdir(parents=True)
                index = self._checkouts / f"{commit}.index"
                await self._run(
                    "--work-tree", str(draft), "checkout", commit, "--", ".", GIT_INDEX_FILE=str(index)
                )
                index.unlink()
                draft.rename(folder)
        return folder

    async def _run(self, *words: str, **environment: str) -> str:
        return await _git("--git-dir", str(self._git_dir), *words, environment=environment)


class GitFailed(Exception):
    """git itself said no; the text is git's."""


async def _git(*words: str, stdin: bytes = b"", environment: Mapping[str, str] = MappingProxyType({})) -> str:
    """Run git without anybody's configuration: the result must not depend on the machine."""
    clean = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **environment,
    }
    process = await asyncio.create_subprocess_exec(
        "git",
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=clean,
    )
    out, err = await process.communicate(stdin)
    if process.returncode != 0:
        raise GitFailed(err.decode(errors="replace").strip())
    return out.decode(errors="replace")


def _fast_import_stream(history: Path, service: str) -> bytes:
    """The folders of `history/<service>` in the language of `git fast-import`."""
    parts: list[bytes] = []
    for folder in sorted(path for path in history.iterdir() if path.is_dir()):
        about = Parser().parsestr((folder / "COMMIT").read_text(encoding="utf-8"))
        who = f"{about['Author']} {int(datetime.fromisoformat(about['Date']).timestamp())} +0000"
        parts.append(f"commit refs/heads/main\ncommitter {who}\n".encode())
        parts.append(_data(str(about.get_payload()).strip() + "\n"))
        for path in sorted(folder.iterdir()):
            if path.name != "COMMIT" and path.is_file():
                parts.append(
                    f"M 100644 inline {path.name}\n".encode() + _data(path.read_text(encoding="utf-8"))
                )
        if tag := about["Tag"]:
            parts.append(f"tag {tag}\nfrom refs/heads/main\ntagger {who}\n".encode())
            parts.append(_data(f"{service} {tag.removeprefix('v')}\n"))
    return b"".join(parts)


def _data(text: str) -> bytes:
    content = text.encode()
    return f"data {len(content)}\n".encode() + content + b"\n"
