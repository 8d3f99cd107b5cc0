"""Folders as git has them at a revision, for comparing with what is on disk."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path, PurePosixPath

from bot.terms import Refused

MOST_COMMITS = 200
"""How far back a reviewed state is looked for."""


def write_out(folder: Path, revision: str, *, into: Path) -> bool:
    """Write `folder` as it was at `revision` to `into`; False when it was not there.

    Raises Refused when git does not know the revision, or when there were links: they may lead anywhere.
    """
    try:
        top, path = _place(folder)
    except Refused as away:
        raise Refused(f"There is no folder {revision}, and it cannot be a revision: {away}") from None
    if revision.startswith("-"):
        raise Refused(f"{revision} is no revision. Write a branch, a tag or a commit.")
    commit = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        raise Refused(f"{revision} is neither a folder here nor a revision that git knows.")
    commit_id = commit.decode().strip()
    if _git(top, "cat-file", "-e", f"{commit_id}:{path}") is None:
        return False
    archive = _git(top, "archive", "--format=tar", f"{commit_id}:{path}")
    if archive is None:
        raise Refused(f"git could not read {path} at {revision}.")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            _unpack(tar, member, into)
    return True


def commits_of(folder: Path) -> list[str]:
    """The commits that touched a folder, newest first; none where there is no git."""
    try:
        top, path = _place(folder)
    except Refused:
        return []
    found = _git(top, "log", f"--max-count={MOST_COMMITS}", "--format=%H", "HEAD", "--", path)
    return found.decode().split() if found else []


def _place(folder: Path) -> tuple[Path, str]:
    """The top of the working tree, and the folder's path in it; the folder itself may be gone."""
    whole = folder.absolute()
    near = next(one for one in (whole, *whole.parents) if one.is_dir())
    top = _git(near, "rev-parse", "--show-toplevel")
    if top is None:
        raise Refused(f"{folder} is not in a git repository, so there is no revision to compare with.")
    root = Path(top.decode().rstrip("\n")).resolve()
    inside = (near.resolve() / whole.relative_to(near)).relative_to(root).as_posix()
    return root, "" if inside == "." else inside


def _git(folder: Path, *words: str) -> bytes | None:
    """What git printed; None when it failed."""
    try:
        ran = subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except FileNotFoundError:
        raise Refused("git is not installed here, and comparing revisions needs it.") from None
    return ran.stdout if ran.returncode == 0 else None


def _unpack(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or not (member.isdir() or member.isfile()):
        raise Refused(f"{member.name} is no plain file at that revision. Links may lead anywhere.")
    target = into.joinpath(*path.parts)
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(member)
    target.write_bytes(content.read() if content else b"")
    target.chmod(0o755 if member.mode & 0o111 else 0o644)
