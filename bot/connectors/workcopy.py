"""One run's own copy of its skill, so that an edit in the middle of a run cannot mix two versions."""

import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from bot.terms import Refused

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Workcopy:
    """`folder` is the skill, read-only; `home` is empty and private, for HOME and TMPDIR.

    Both are gone after `remove`, which the end of a `with` does too. Where an event loop runs, call from a
    thread: files are read and written here.
    """

    folder: Path
    home: Path
    _root: Path

    @classmethod
    def make(cls, source: Path, files: Mapping[str, str], *, under: Path) -> Self:
        """Copy `files` (path in the skill → SHA-256, as approved) and nothing else.

        What is compared is the very bytes that are copied. `Refused` names the first file that is not what it
        was; then no copy is left.
        """
        under.mkdir(parents=True, exist_ok=True)
        root = Path(tempfile.mkdtemp(prefix=f"{source.name}-", dir=under)).resolve()
        copy = cls(folder=root / "skill", home=root / "home", _root=root)
        try:
            copy.folder.mkdir()
            copy.home.mkdir(mode=0o700)
            for path, digest in sorted(files.items()):
                _copy(source, path, digest, into=copy.folder)
            for folder, _, _ in os.walk(copy.folder, topdown=False):
                Path(folder).chmod(0o555)
        except BaseException:
            copy.remove()
            raise
        return copy

    def remove(self) -> None:
        """Take the copy away, whatever the run left in it or made of its modes."""
        remove_tree(self._root)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def remove_tree(root: Path) -> None:
    """Remove a folder whatever the modes of what is in it; nothing when it is not there.

    No link is followed, not even one that stands in the folder's place: it may lead anywhere.
    """
    if root.is_symlink() or root.is_file():
        root.unlink()
    if not root.exists():
        return
    root.chmod(0o700)
    for folder, _, _ in os.walk(root, onerror=None):
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                Path(entry.path).chmod(0o700)
    shutil.rmtree(root)


def _copy(source: Path, path: str, digest: str, *, into: Path) -> None:
    parts = PurePosixPath(path).parts
    if not parts or PurePosixPath(path).is_absolute() or ".." in parts:
        raise Refused(f"{path} leads out of the skill's folder. It may only list files inside.")
    target = into.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Never follow a link, never wait for a pipe to be written to.
        descriptor = os.open(source / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Refused(
            f"{source.name}/{path} cannot be read any more ({error.strerror}). "
            "Ask again, so that what is there now is judged."
        ) from error
    mode = os.fstat(descriptor).st_mode
    try:
        seen = _copied(descriptor, target) if stat.S_ISREG(mode) else None
    finally:
        os.close(descriptor)
    if seen != digest.removeprefix("sha256:"):
        raise Refused(
            f"{source.name}/{path} changed since it was judged. "
            "Ask again, so that what is there now is judged."
        )
    target.chmod(0o555 if mode & 0o111 else 0o444)


def _copied(descriptor: int, target: Path) -> str:
    """The digest of what was written."""
    seen = sha256()
    with target.open("xb") as written:
        while data := os.read(descriptor, _CHUNK):
            seen.update(data)
            written.write(data)
    return seen.hexdigest()
