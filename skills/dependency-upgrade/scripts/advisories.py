"""Where advisories come from: the OSV API, or a local copy of its database. Not to know is an answer.

`ASSENT_OSV_DATABASE` names a folder with a copy (`PyPI/all.zip` or `PyPI/*.json`, `npm/…` likewise), as OSV
publishes them. Without it the API at `ASSENT_OSV_URL` is asked.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ecosystem as kinds
import osv
import web
from osv import Advisory, Status
from settings import setting
from telling import Stopped

API = "https://api.osv.dev"
AT_ONCE = 8
BATCH = 1000  # as many as the API takes in one question
MOST_PAGES = 50
MOST_AGE_DAYS = 30
"""A copy whose newest record is older has stopped being renewed: OSV gets new ones every day."""
_NAME = re.compile(rb'"name"\s*:\s*("(?:[^"\\]|\\.)*")')
_MODIFIED = re.compile(rb'"modified"\s*:\s*"([0-9]{4}-[0-9]{2}-[0-9]{2})')

Package = tuple[str, str]
"""Ecosystem and normal name."""


@dataclass(frozen=True)
class Known:
    """What is known of one package: its advisories, or why nothing is."""

    advisories: tuple[Advisory, ...] = ()
    unknown: str = ""

    def status(self, version: str) -> Status:
        if self.unknown:
            return "unknown"
        return osv.worst(one.status(version) for one in self.advisories)

    def those(self, version: str, status: Status = "vulnerable") -> tuple[Advisory, ...]:
        """Advisories that say this of the version, each vulnerability once."""
        found: list[Advisory] = []
        for one in sorted(self.advisories, key=lambda one: (not one.id.startswith("GHSA-"), one.id)):
            told = {name for other in found for name in (other.id, *other.aliases)}
            if one.status(version) == status and not told & {one.id, *one.aliases}:
                found.append(one)
        return tuple(found)


def ask(packages: Iterable[Package]) -> dict[Package, Known]:
    """What is known of each package. No answer is no error: it is `unknown`, with the reason."""
    wanted = sorted(set(packages))
    folder = setting("ASSENT_OSV_DATABASE")
    return _from_copy(Path(folder), wanted) if folder else _from_api(wanted)


def _from_api(wanted: list[Package]) -> dict[Package, Known]:
    """First which packages have any record, in a few questions; then the whole records of those."""
    url = setting("ASSENT_OSV_URL", API).rstrip("/")
    found: dict[Package, Known] = {}
    recorded: list[Package] = []
    for start in range(0, len(wanted), BATCH):
        some = wanted[start : start + BATCH]
        try:
            answers = web.ask(
                f"{url}/v1/querybatch", method="POST", body={"queries": [_query(one) for one in some]}
            )
            results = answers["results"]
            if len(results) != len(some):
                raise ValueError("not one answer for each question")
            for package, answer in zip(some, results, strict=True):
                if answer and (answer.get("vulns") or answer.get("next_page_token")):
                    recorded.append(package)
                else:
                    found[package] = Known()
        except (Stopped, KeyError, TypeError, ValueError, AttributeError) as error:
            reason = f"OSV could not be asked: {_short(error)}"
            found.update({package: Known(unknown=reason) for package in some})
            recorded = [package for package in recorded if package not in found]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for package, known in zip(recorded, threads.map(lambda one: _whole(url, one), recorded), strict=True):
            found[package] = known
    return found


def _query(package: Package) -> dict[str, Any]:
    return {"package": {"ecosystem": package[0], "name": package[1]}}


def _whole(url: str, package: Package) -> Known:
    """Every record of one package, page by page; a page that does not come makes all of it unknown."""
    records: list[Any] = []
    token = ""
    try:
        for _ in range(MOST_PAGES):
            body = _query(package) | ({"page_token": token} if token else {})
            answer = web.ask(f"{url}/v1/query", method="POST", body=body) or {}
            records += answer.get("vulns", [])
            token = answer.get("next_page_token", "")
            if not token:
                return _known(records, package)
        return Known(unknown=f"OSV has more than {MOST_PAGES} pages about it")
    except (Stopped, TypeError, ValueError, AttributeError) as error:
        return Known(unknown=f"OSV could not be asked: {_short(error)}")


def _known(records: Iterable[Any], package: Package) -> Known:
    """Raises ValueError when a record is none."""
    read = []
    for record in records:
        if not isinstance(record, dict):
            raise ValueError("an OSV record that is no object")
        if advisory := osv.read(record, *package):
            read.append(advisory)
    return Known(tuple(read))


def _from_copy(folder: Path, wanted: list[Package]) -> dict[Package, Known]:
    found: dict[Package, Known] = {}
    for ecosystem in sorted({package[0] for package in wanted}):
        names = [package for package in wanted if package[0] == ecosystem]
        try:
            found.update(_from_files(folder / ecosystem, names))
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            reason = f"the local copy of OSV cannot be read for {ecosystem}: {_short(error)}"
            found.update({package: Known(unknown=reason) for package in names})
    return found


def _from_files(folder: Path, wanted: list[Package]) -> dict[Package, Known]:
    """Read every record that names a wanted package; what a record that is damaged names is unknown."""
    records: dict[Package, list[Any]] = {package: [] for package in wanted}
    damaged: dict[Package, str] = {}
    newest = b""
    for file, content in _files(folder):
        newest = max(newest, *_MODIFIED.findall(content), b"")
        if not (named := _named(content, wanted[0][0]) & records.keys()):
            continue
        try:
            record = json.loads(content)
            for package in named:
                if osv.read(record, *package):
                    records[package].append(record)
        except (ValueError, AttributeError) as error:
            damaged.update({one: f"{file} of the local copy is damaged ({_short(error)})" for one in named})
    if not newest:
        raise ValueError(f"{folder} has no OSV records")
    if datetime.fromisoformat(newest.decode()).replace(tzinfo=UTC) < _now() - timedelta(days=MOST_AGE_DAYS):
        raise ValueError(f"its newest record is of {newest.decode()}, more than {MOST_AGE_DAYS} days ago")
    return {
        package: Known(unknown=damaged[package]) if package in damaged else _known(records[package], package)
        for package in wanted
    }


def _named(content: bytes, ecosystem: str) -> set[Package]:
    """Every name in a record, without reading all of it: a copy has hundreds of thousands of them."""
    found = set()
    for text in _NAME.findall(content):
        try:
            found.add((ecosystem, kinds.normal(ecosystem, json.loads(text))))
        except ValueError:
            continue  # not even a text, so not a package's name
    return found


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Each record of one ecosystem, from `all.zip` or from files. Raises OSError when there is neither."""
    archive = folder / "all.zip"
    if archive.exists():
        with zipfile.ZipFile(archive) as opened:
            for entry in opened.infolist():
                if entry.filename.endswith(".json"):
                    yield entry.filename, opened.read(entry)
        return
    for file in sorted(folder.iterdir()):
        if file.suffix == ".json":
            yield file.name, file.read_bytes()


def _now() -> datetime:
    return datetime.now(UTC)


def _short(error: BaseException) -> str:
    return (str(error) or type(error).__name__).replace("\n", " ").rstrip(".")[:200]


def label(known: Mapping[Package, Known], used: Iterable[tuple[str, str, str | None]]) -> str:
    """`vulnerable`, `unknown` or `none`, the worst that is known of anything in use."""
    said: set[Status] = set()
    for ecosystem, name, version in used:
        of = known.get((ecosystem, kinds.normal(ecosystem, name)))
        said.add("unknown" if of is None or version is None else of.status(version))
    return {"clear": "none"}.get(found := osv.worst(said), found)
