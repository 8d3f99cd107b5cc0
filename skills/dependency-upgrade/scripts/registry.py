"""What the package registries have: versions, when each was uploaded, and where its changes are written down.

PyPI is asked by the JSON form of the Simple API (PEP 691, times by PEP 700), which mirrors speak as well; npm
by its package documents.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.parser import HeaderParser
from functools import cached_property
from typing import Any

import ecosystem as kinds
import web
from settings import setting
from telling import Stopped

AT_ONCE = 8
PYPI, NPM = "https://pypi.org/simple", "https://registry.npmjs.org"
_SIMPLE = {"Accept": "application/vnd.pypi.simple.v1+json"}
_SDIST = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)\.(?:tar\.gz|zip)")
_WHEEL = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-[0-9][^-]*)?-[^-]+-[^-]+-[^-]+\.whl")
_LINK = re.compile(
    r"https://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~!$&'*+,;=:@%/-]*)?(?:\?[A-Za-z0-9._~=&%-]*)?"
)
_GITHUB = re.compile(
    r"(?:git\+)?(?:https|git|ssh)://(?:git@)?github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?(?:[/#?].*)?"
)


@dataclass(frozen=True)
class Release:
    """One version. `uploaded` is when the last of its files came, None when the registry does not say."""

    version: str
    uploaded: datetime | None
    requires_python: str = ""
    hashes: tuple[str, ...] = ()
    about: str = ""
    """Where its metadata is (PyPI)."""
    commit: str = ""
    """The commit it was made from (npm)."""
    only_wheels: bool = True


@dataclass(frozen=True)
class Package:
    """All that may be chosen: neither yanked nor deprecated. `unknown` says why nothing is known."""

    releases: tuple[Release, ...] = ()
    newest: str | None = None
    """What the registry itself calls the newest (npm's `latest`)."""
    source: str = ""
    unknown: str = ""
    withdrawn: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def by_version(self) -> dict[str, Release]:
        return {release.version: release for release in self.releases}


def index_url() -> str:
    """The Python index that scripts and uv look at, without a slash at its end."""
    for name in ("ASSENT_PYPI_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if found := setting(name):
            return found.rstrip("/")
    return PYPI


def npm_url() -> str:
    for name in ("ASSENT_NPM_URL", "NPM_CONFIG_REGISTRY", "npm_config_registry"):
        if found := setting(name):
            return found.rstrip("/")
    return NPM


def ask(packages: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Package]:
    """What the registries have of each (ecosystem, normal name); not to know is an answer."""
    wanted = sorted(set(packages))
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return dict(zip(wanted, threads.map(lambda one: _one(*one), wanted), strict=True))


def _one(ecosystem: str, name: str) -> Package:
    try:
        return _python(name) if ecosystem == "PyPI" else _npm(name)
    except web.Absent:
        return Package(unknown="the registry does not have it")
    except (Stopped, KeyError, TypeError, ValueError, AttributeError) as error:
        return Package(unknown=f"the registry could not be asked: {str(error)[:200]}")


def _python(name: str) -> Package:
    address = f"{index_url()}/{urllib.parse.quote(name)}/"
    files: dict[str, list[Any]] = {}
    for file in web.ask(address, headers=_SIMPLE)["files"]:
        if version := _version_of(file["filename"], name):
            files.setdefault(version, []).append(file)
    releases, withdrawn = [], []
    for version, some in files.items():
        kept = [file for file in some if not file.get("yanked")]
        if kept:
            releases.append(_release(version, kept, address))
        else:
            withdrawn.append(version)
    return Package(releases=tuple(releases), withdrawn=tuple(withdrawn))


def _version_of(filename: str, name: str) -> str | None:
    found = _WHEEL.fullmatch(filename) or _SDIST.fullmatch(filename)
    if found is None or kinds.normal("PyPI", found["name"]) != name:
        return None
    return found["version"] if kinds.readable("PyPI", found["version"]) else None


def _release(version: str, files: list[Any], address: str) -> Release:
    times = [_time(file.get("upload-time")) for file in files]
    known = [time for time in times if time is not None]
    described = next(
        (file for file in files if file.get("core-metadata") or file.get("dist-info-metadata")), None
    )
    return Release(
        version=version,
        # The newest file counts: what was added to an old release yesterday is one day old.
        uploaded=max(known) if len(known) == len(times) else None,
        requires_python=next((file["requires-python"] for file in files if file.get("requires-python")), ""),
        hashes=tuple(sorted(found for file in files if (found := file.get("hashes", {}).get("sha256")))),
        about=urllib.parse.urljoin(address, described["url"]) + ".metadata" if described else "",
        only_wheels=any(file["filename"].endswith(".whl") for file in files),
    )


def _npm(name: str) -> Package:
    document = web.ask(f"{npm_url()}/{urllib.parse.quote(name, safe='@')}")
    times = document.get("time") or {}
    releases, withdrawn = [], []
    for version, one in document["versions"].items():
        if not kinds.readable("npm", version):
            continue
        if one.get("deprecated"):
            withdrawn.append(version)
            continue
        commit = str(one.get("gitHead", ""))
        releases.append(
            Release(
                version=version,
                uploaded=_time(times.get(version)),
                commit=commit if re.fullmatch("[0-9a-f]{40}", commit) else "",
            )
        )
    repository = document.get("repository")
    url = repository.get("url") if isinstance(repository, dict) else repository
    return Package(
        releases=tuple(releases),
        newest=(document.get("dist-tags") or {}).get("latest"),
        source=source_of(url or ""),
        withdrawn=tuple(withdrawn),
    )


def _time(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def source_of(url: str) -> str:
    """`https://github.com/owner/name` of any of the spellings, empty for what is not on GitHub."""
    found = _GITHUB.fullmatch(url.strip().replace("git@github.com:", "ssh://git@github.com/"))
    return f"https://github.com/{found[1]}/{found[2]}" if found else ""


def links(ecosystem: str, name: str, package: Package, before: str, after: str) -> dict[str, str]:
    """Where a person reads what changed. Whoever publishes a package chose them: only plain https passes."""
    if ecosystem == "npm":
        found = {"package": f"https://www.npmjs.com/package/{name}/v/{after}"}
        old, new = package.by_version.get(before), package.by_version.get(after)
        if package.source and old and new and old.commit and new.commit:
            found["compare"] = f"{package.source}/compare/{old.commit}...{new.commit}"
        if package.source:
            found["releases"] = f"{package.source}/releases"
        return found
    found = {"package": f"https://pypi.org/project/{name}/{after}/"}
    for label, url in _project_urls(package.by_version.get(after)):
        if re.search("change|history|news|release notes", label) and _LINK.fullmatch(url):
            found.setdefault("changelog", url)
        if (source := source_of(url)) and re.search("source|repository|code|github|homepage|home", label):
            found.setdefault("releases", f"{source}/releases")
    return found


def _project_urls(release: Release | None) -> list[tuple[str, str]]:
    """Label in lower case and address, as the release's own metadata has them."""
    if release is None or not release.about:
        return []
    try:
        text = web.fetch(release.about, headers={"Accept": "*/*"}).decode("utf-8", "replace")
    except Stopped:
        return []  # a link less; nothing rests on it
    metadata = HeaderParser().parsestr(text)
    pairs = [str(one).partition(",") for one in metadata.get_all("Project-URL", [])]
    pairs.append(("Homepage", ",", str(metadata.get("Home-page", ""))))
    return [(label.strip().lower(), url.strip()) for label, _, url in pairs]
