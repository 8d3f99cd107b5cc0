"""Packages of a small registry: described by a few words each, served as the files that real clients want.

Every file is made from its description alone, so the same shelf gives the same bytes and hashes anywhere.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from pydantic import Field, JsonValue

from bot.terms import Record

_EPOCH = (2020, 1, 1, 0, 0, 0)


class Release(Record):
    """One version. `age_days` is how long ago it was uploaded; None: the registry does not say."""

    age_days: float | None = 365.0
    needs: tuple[str, ...] | dict[str, str] = ()
    """Requirements: a list for Python, an object for npm."""
    python: str = ""
    code: str = ""
    urls: dict[str, str] = Field(default_factory=dict)
    yanked: bool = False
    deprecated: str = ""
    commit: str = ""


class Shelf(Record):
    """All that is served: packages by name and version, and OSV records."""

    pypi: dict[str, dict[str, Release]] = Field(default_factory=dict)
    npm: dict[str, dict[str, Release]] = Field(default_factory=dict)
    latest: dict[str, str] = Field(default_factory=dict)
    """npm's `latest` where it is not the last stable version that is listed."""
    repositories: dict[str, str] = Field(default_factory=dict)
    """Where the source of an npm package is."""
    advisories: tuple[dict[str, JsonValue], ...] = ()
    since: datetime = Field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    @cached_property
    def wheels(self) -> Mapping[str, bytes]:
        """Every wheel by its file name."""
        return {
            f"{name.replace('-', '_')}-{version}-py3-none-any.whl": wheel(name, version, one)
            for name, versions in self.pypi.items()
            for version, one in versions.items()
        }

    @cached_property
    def tarballs(self) -> Mapping[tuple[str, str], bytes]:
        """Every npm package by name and version."""
        return {
            (name, version): tarball(name, version, one)
            for name, versions in self.npm.items()
            for version, one in versions.items()
        }

    def uploaded(self, release: Release) -> str | None:
        if release.age_days is None:
            return None
        return (self.since - timedelta(days=release.age_days)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")

    def simple(self, name: str, address: str) -> dict[str, Any]:
        """A project of the Simple API in its JSON form, version 1.1 (PEP 691, PEP 700)."""
        files = []
        for version, one in self.pypi[name].items():
            filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
            content = self.wheels[filename]
            about = metadata(name, version, one).encode()
            files.append(
                {
                    "filename": filename,
                    "url": f"{address}/files/{filename}",
                    "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
                    "size": len(content),
                    "yanked": one.yanked,
                    "core-metadata": {"sha256": hashlib.sha256(about).hexdigest()},
                    **({"requires-python": one.python} if one.python else {}),
                    **({"upload-time": time} if (time := self.uploaded(one)) else {}),
                }
            )
        return {
            "meta": {"api-version": "1.1"},
            "name": name,
            "versions": list(self.pypi[name]),
            "files": files,
        }

    def project(self, name: str, address: str) -> dict[str, Any]:
        """A project of PyPI's own JSON API."""
        releases: dict[str, list[dict[str, Any]]] = {}
        for file, (version, one) in zip(
            self.simple(name, address)["files"], self.pypi[name].items(), strict=True
        ):
            time = file.get("upload-time")
            times = {"upload_time_iso_8601": time, "upload_time": time[:19]} if time else {}
            about = {
                "requires_python": one.python or None,
                "yanked": one.yanked,
                "packagetype": "bdist_wheel",
            }
            releases[version] = [{"filename": file["filename"], "url": file["url"], **about, **times}]
        urls = next(iter(reversed(self.pypi[name].values()))).urls
        return {
            "info": {"name": name, "version": list(releases)[-1], "project_urls": urls},
            "releases": releases,
        }

    def document(self, name: str, address: str) -> dict[str, Any]:
        """A package document of the npm registry."""
        versions, times = {}, {}
        for version, one in self.npm[name].items():
            content = self.tarballs[name, version]
            digest = b64encode(hashlib.sha512(content).digest()).decode()
            versions[version] = {
                **manifest(name, version, one),
                "dist": {
                    "tarball": f"{address}/{name}/-/{name.rpartition('/')[2]}-{version}.tgz",
                    "integrity": f"sha512-{digest}",
                    "shasum": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
                },
                **({"deprecated": one.deprecated} if one.deprecated else {}),
                **({"gitHead": one.commit} if one.commit else {}),
            }
            if time := self.uploaded(one):
                times[version] = time
        stable = [
            version for version, one in self.npm[name].items() if "-" not in version and not one.deprecated
        ]
        latest = self.latest.get(name, stable[-1])
        document = {"name": name, "dist-tags": {"latest": latest}, "versions": versions, "time": times}
        if name in self.repositories:
            document["repository"] = {"type": "git", "url": f"git+{self.repositories[name]}.git"}
        return document

    def records(self, ecosystem: str, name: str) -> list[dict[str, JsonValue]]:
        """OSV records about one package, in the shelf's order."""
        return [
            record
            for record in self.advisories
            if any(_about(one, ecosystem, name) for one in _list(record.get("affected")))
        ]


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _about(affected: JsonValue, ecosystem: str, name: str) -> bool:
    package = affected.get("package") if isinstance(affected, dict) else None
    return isinstance(package, dict) and (package.get("ecosystem"), package.get("name")) == (ecosystem, name)


def metadata(name: str, version: str, release: Release) -> str:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Python: {release.python}"] if release.python else []
    lines += [f"Project-URL: {label}, {url}" for label, url in release.urls.items()]
    lines += [f"Requires-Dist: {one}" for one in release.needs]
    return "\n".join(lines) + "\n"


def wheel(name: str, version: str, release: Release) -> bytes:
    """A wheel with one module, named as the package."""
    module = name.replace("-", "_")
    about = f"{module}-{version}.dist-info"
    files = {
        f"{module}.py": f'__version__ = "{version}"\n{release.code}',
        f"{about}/METADATA": metadata(name, version, release),
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: assent\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text.encode())}\n" for path, text in files.items())
    files[f"{about}/RECORD"] = f"{record}{about}/RECORD,,\n"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), text)
    return content.getvalue()


def _digest(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def manifest(name: str, version: str, release: Release) -> dict[str, Any]:
    return {
        "name": name,
        "version": version,
        "main": "index.js",
        "dependencies": dict(release.needs) if isinstance(release.needs, dict) else {},
    }


def tarball(name: str, version: str, release: Release) -> bytes:
    files = {
        "package/package.json": json.dumps(manifest(name, version, release), indent=2),
        "package/index.js": f'exports.version = "{version}"\n{release.code}',
    }
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(content.getvalue(), mtime=0)
