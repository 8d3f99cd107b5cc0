"""Advisories have three values, and what could not be asked is never clear."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from upgrading import Shop, script, shop

from bot.playground.host.shelf import Shelf

osv, advisories = script("osv"), script("advisories")
GREET = ("PyPI", "greet")


def record(
    *affected: dict[str, Any], ecosystem: str = "PyPI", name: str = "greet", **more: Any
) -> dict[str, Any]:
    package = {"ecosystem": ecosystem, "name": name}
    today = datetime.now(UTC).strftime("%Y-%m-%dT00:00:00Z")
    return {
        "id": "GHSA-1111-2222-3333",
        "modified": today,
        "affected": [{"package": package, **one} for one in affected],
        **more,
    }


def events(*pairs: tuple[str, str], kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return {"ranges": [{"type": kind, "events": [{event: version} for event, version in pairs]}]}


FIXED = events(("introduced", "0"), ("fixed", "1.2"))
TWICE = events(("introduced", "1.0"), ("fixed", "1.4"), ("introduced", "2.0"), ("last_affected", "2.3"))


@pytest.mark.parametrize(
    ("affected", "version", "status"),
    [
        pytest.param(FIXED, "1.1", "vulnerable", id="before its fix"),
        pytest.param(FIXED, "1.2", "clear", id="its fix"),
        pytest.param(FIXED, "1.2.0", "clear", id="its fix in another spelling"),
        pytest.param(FIXED, "1.2rc1", "vulnerable", id="a pre-release of its fix"),
        pytest.param(FIXED, "0.0.1.dev0", "vulnerable", id="zero is before everything"),
        pytest.param(TWICE, "0.9", "clear", id="before it was introduced"),
        pytest.param(TWICE, "1.0", "vulnerable", id="as it was introduced"),
        pytest.param(TWICE, "1.5", "clear", id="between two ranges"),
        pytest.param(TWICE, "2.3", "vulnerable", id="the last affected"),
        pytest.param(TWICE, "2.3.post1", "clear", id="after the last affected"),
        pytest.param(
            events(("fixed", "1.2"), ("introduced", "1.0")), "1.1", "vulnerable", id="events in any order"
        ),
        pytest.param(
            events(("introduced", "0"), ("fixed", "1.0"), ("introduced", "1.0"), ("fixed", "2.0")),
            "1.0",
            "vulnerable",
            id="fixed and introduced at once is introduced",
        ),
        pytest.param(events(("introduced", "0"), ("limit", "1.0")), "1.0", "clear", id="at a limit"),
        pytest.param(events(("introduced", "0"), ("limit", "1.0")), "0.9", "vulnerable", id="below a limit"),
        pytest.param(events(("introduced", "0")), "99", "vulnerable", id="never fixed"),
        pytest.param({"versions": ["1.0.0", "1.1"]}, "1", "vulnerable", id="listed, in another spelling"),
        pytest.param({"versions": ["1.0.0", "1.1"]}, "1.2", "clear", id="not listed"),
        pytest.param({"versions": ["3.0"], **FIXED}, "3.0", "vulnerable", id="listed beside a range"),
        pytest.param({}, "1.0", "unknown", id="it says nothing that can be compared"),
        pytest.param(events(("introduced", "0"), kind="GIT"), "1.0", "unknown", id="commits only"),
        pytest.param(
            events(("introduced", "0"), ("fixed", "r2013")), "1.0", "unknown", id="a bound that is no version"
        ),
        pytest.param(events(("fixed", "1.2")), "1.0", "unknown", id="no beginning"),
        pytest.param(FIXED, "2013-unreadable", "unknown", id="a version that is none"),
    ],
)
def test_a_record_is_evaluated_as_its_schema_says(
    affected: dict[str, Any], version: str, status: str
) -> None:
    assert osv.read(record(affected), *GREET).status(version) == status


def test_npm_versions_are_compared_as_npm_compares_them() -> None:
    affected = events(("introduced", "1.0.0"), ("fixed", "1.2.0"), kind="SEMVER")
    found = osv.read(record(affected, ecosystem="npm", name="@acme/ui"), "npm", "@acme/ui")
    assert [found.status(one) for one in ("1.0.0-rc.1", "1.2.0-rc.1", "1.2.0")] == [
        "clear",
        "vulnerable",
        "clear",
    ]


def test_a_withdrawn_record_counts_for_nothing() -> None:
    assert osv.read(record(FIXED, withdrawn="2024-01-01T00:00:00Z"), *GREET) is None


def test_the_worst_of_several_records_counts_and_each_vulnerability_is_named_once() -> None:
    github = osv.read(record(FIXED, aliases=["CVE-2024-1"]), *GREET)
    pysec = osv.read(record(FIXED, id="PYSEC-2024-1", aliases=["CVE-2024-1", github.id]), *GREET)
    known = advisories.Known((pysec, github))
    assert known.status("1.0") == "vulnerable"
    assert [one.names for one in known.those("1.0")] == [("GHSA-1111-2222-3333", "CVE-2024-1")]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    records = tuple(record(FIXED, id=f"GHSA-0000-0000-{number:04}") for number in range(5))
    with shop(Shelf(advisories=records)) as found:
        monkeypatch.setenv("ASSENT_OSV_URL", found.settings["ASSENT_OSV_URL"])
        monkeypatch.delenv("ASSENT_OSV_DATABASE", raising=False)
        yield found


def test_the_api_is_asked_once_for_all_and_page_by_page_for_what_has_records(asked: Shop) -> None:
    found = advisories.ask([GREET, ("PyPI", "fine"), ("npm", "greet")])
    assert len(found[GREET].advisories) == 5
    assert (found["PyPI", "fine"].status("1.0"), found["npm", "greet"].status("1.0.0")) == ("clear", "clear")
    assert asked.asked == ["POST /osv/v1/querybatch", *["POST /osv/v1/query"] * 3]


def test_an_api_that_does_not_answer_is_unknown(asked: Shop) -> None:
    asked.broken = {"/osv/v1/querybatch"}
    found = advisories.ask([GREET])[GREET]
    assert found.status("99.0") == "unknown"
    assert "does not answer: 503" in found.unknown


def test_a_page_that_does_not_come_makes_the_package_unknown(asked: Shop) -> None:
    assert advisories.ask([GREET])[GREET].status("99.0") == "clear"
    asked.broken = {"/osv/v1/query"}
    assert advisories.ask([GREET])[GREET].status("99.0") == "unknown"


def copy_of(folder: Path, *records: dict[str, Any], zipped: bool = False) -> None:
    (folder / "PyPI").mkdir(parents=True)
    if zipped:
        with zipfile.ZipFile(folder / "PyPI/all.zip", "w") as archive:
            for one in records:
                archive.writestr(f"{one['id']}.json", json.dumps(one))
        return
    for one in records:
        (folder / f"PyPI/{one['id']}.json").write_text(json.dumps(one), encoding="utf-8")


@pytest.mark.parametrize("zipped", [False, True], ids=["files", "all.zip"])
def test_a_local_copy_answers_without_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zipped: bool
) -> None:
    monkeypatch.setenv("ASSENT_OSV_DATABASE", str(tmp_path))
    copy_of(
        tmp_path, record(FIXED, name="Greet"), record(FIXED, id="MAL-2024-9", name="other"), zipped=zipped
    )
    found = advisories.ask([GREET, ("PyPI", "fine"), ("npm", "left")])
    assert (found[GREET].status("1.0"), found["PyPI", "fine"].status("1.0")) == ("vulnerable", "clear")
    assert found["npm", "left"].status("1.0.0") == "unknown", "there is no copy for npm"


def test_a_copy_that_is_empty_old_or_damaged_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def status(folder: Path) -> Any:
        monkeypatch.setenv("ASSENT_OSV_DATABASE", str(folder))
        return advisories.ask([GREET])[GREET]

    copy_of(tmp_path / "empty")
    assert "has no OSV records" in status(tmp_path / "empty").unknown
    copy_of(tmp_path / "old", record(FIXED, modified="2023-01-01T00:00:00Z"))
    assert "2023-01-01, more than 30 days ago" in status(tmp_path / "old").unknown
    copy_of(tmp_path / "damaged", record(FIXED, id="GHSA-9999-9999-9999", name="other"))
    (tmp_path / "damaged/PyPI/GHSA-cut.json").write_text('{"package": {"name": "greet"', encoding="utf-8")
    assert "GHSA-cut.json of the local copy is damaged" in status(tmp_path / "damaged").unknown
    (tmp_path / "zip/PyPI").mkdir(parents=True)
    (tmp_path / "zip/PyPI/all.zip").write_bytes(b"PK no zip")
    assert "cannot be read for PyPI" in status(tmp_path / "zip").unknown
