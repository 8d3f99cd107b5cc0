"""The plan of an upgrade: a real git repository, real locks, a registry that speaks the real protocols."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from upgrading import Remote, Shop, Upgrading, git, listed, remote, script, shop

from bot.assess.assessment import Plan
from bot.playground.host.shelf import Shelf


def advisory(name: str, fixed: str, *, ecosystem: str = "PyPI", number: int = 1) -> dict[str, Any]:
    kind = "ECOSYSTEM" if ecosystem == "PyPI" else "SEMVER"
    ranges = [{"type": kind, "events": [{"introduced": "0"}, {"fixed": fixed}]}]
    return {
        "id": f"GHSA-0000-0000-000{number}",
        "aliases": [f"CVE-2026-000{number}"],
        "modified": "2026-01-01T00:00:00Z",
        "affected": [{"package": {"ecosystem": ecosystem, "name": name}, "ranges": ranges}],
    }


SHELF = Shelf.model_validate(
    {
        "pypi": {
            "greet": {
                "1.0.0": {},
                "1.0.1": {},
                "1.1.0": {},
                "1.2.0": {"age_days": 1},
                "2.0.0": {},
                "2.1.0b1": {},
            },
            "money": {"1.0.0": {}, "1.3.0": {}},
            "pinned": {"0.9": {}, "1.0": {}, "1.1": {"yanked": True}},
            "timeless": {"1.0": {}, "1.1": {"age_days": None}},
            "modern": {"1.0": {}, "1.1": {"python": ">=3.99"}},
        },
        "advisories": [advisory("greet", "1.0.1")],
    }
)


@pytest.fixture(scope="module")
def market() -> Iterator[Shop]:
    with shop(SHELF) as found:
        yield found


@pytest.fixture
def market_now(market: Shop) -> Iterator[Shop]:
    """For tests that change it."""
    yield market
    market.broken, market.registry.shelf = set(), SHELF


def planned(
    market: Shop, repository: Remote, tmp_path: Path, *, tests: list[list[str]] | None = None, **inputs: Any
) -> Upgrading:
    tests = [["true"]] if tests is None else tests
    entry = {"url": repository.bare.as_uri(), "tests": tests}
    settings = {**market.settings, **listed(tmp_path, shop=entry)}
    return Upgrading(tmp_path / "home", settings, {"repository": "shop", **inputs})


def plan(market: Shop, repository: Remote, tmp_path: Path, **inputs: Any) -> Plan:
    ran = planned(market, repository, tmp_path, **inputs).plan()
    assert (ran.code, ran.errors) == (0, ""), (ran.text, ran.errors)
    return Plan.model_validate(ran.result)


def changes(plan: Plan) -> list[str]:
    return [f"{one.what}: {one.before} → {one.after}" for one in plan.changes]


@pytest.fixture
def small(tmp_path: Path) -> Remote:
    return remote(tmp_path, {"requirements.txt": "greet==1.0.0\nmoney>=1\ntimeless==1.0\n"})


def test_each_major_is_apart_and_what_was_yanked_is_no_version(
    market: Shop, small: Remote, tmp_path: Path
) -> None:
    small.commit({"requirements.txt": "greet==1.0.0\npinned==0.9\n"})
    found = plan(market, small, tmp_path, group="major")
    assert changes(found) == [
        "greet (PyPI): 1.0.0 → 2.0.0, clears GHSA-0000-0000-0001, CVE-2026-0001",
        "pinned (PyPI): 0.9 → 1.0",
    ]
    parts = json.loads(str(found.resolved["parts"]))
    assert [part["branch"].rpartition("upgrade/")[2] for part in parts] == [
        "major/pypi-greet",
        "major/pypi-pinned",
    ]
    assert found.labels["bump"] == "major"
    assert found.last_committer == "AUTHOR@example.org"


def test_the_same_state_gives_the_same_plan_byte_for_byte_and_changes_nothing(
    market: Shop, small: Remote, tmp_path: Path
) -> None:
    before = small.branches()
    texts = {planned(market, small, tmp_path, group="minor").plan().text for _ in range(2)}
    assert len(texts) == 1
    assert small.branches() == before


def test_a_version_must_have_been_out_for_some_days_and_no_time_is_not_old_enough(
    market: Shop, small: Remote, tmp_path: Path
) -> None:
    careful = plan(market, small, tmp_path, group="minor")
    assert changes(careful) == ["greet (PyPI): 1.0.0 → 1.1.0, clears GHSA-0000-0000-0001, CVE-2026-0001"]
    assert "greet 1.2.0 waits: uploaded" in careful.details
    assert "timeless 1.1 waits: no upload time, must be 3 days old" in careful.details
    hasty = plan(market, small, tmp_path, group="minor", min_age_days=0)
    assert changes(hasty) == [
        "greet (PyPI): 1.0.0 → 1.2.0, clears GHSA-0000-0000-0001, CVE-2026-0001",
        "timeless (PyPI): 1.0 → 1.1",
    ]


def test_a_fix_that_is_too_young_is_said_and_not_taken(
    market_now: Shop, small: Remote, tmp_path: Path
) -> None:
    market_now.registry.shelf = SHELF.model_copy(update={"advisories": (advisory("greet", "1.2.0"),)})
    young = SHELF.pypi | {"greet": {one: SHELF.pypi["greet"][one] for one in ("1.0.0", "1.1.0", "1.2.0")}}
    market_now.registry.shelf = market_now.shelf.model_copy(update={"pypi": young})
    found = plan(market_now, small, tmp_path, group="all", package="greet")
    assert found.nothing_to_do
    assert (
        "greet 1.0.0 is vulnerable (GHSA-0000-0000-0001): nothing that may be taken clears it"
        in found.details
    )
    assert "greet 1.2.0 waits" in found.details
    assert "1 VULNERABLE" in found.summary


def test_what_supports_no_python_of_ours_is_not_taken(market: Shop, tmp_path: Path) -> None:
    text = '[project]\nname = "shop"\nrequires-python = ">=3.11"\ndependencies = ["modern==1.0"]\n'
    assert plan(market, remote(tmp_path, {"pyproject.toml": text}), tmp_path, group="all").nothing_to_do


def test_advisories_that_could_not_be_asked_are_unknown_on_the_card_and_in_the_labels(
    market_now: Shop, small: Remote, tmp_path: Path
) -> None:
    market_now.broken = {"/osv/"}
    found = plan(market_now, small, tmp_path, group="minor")
    assert changes(found) == ["greet (PyPI): 1.0.0 → 1.1.0, advisories unknown"]
    assert found.labels["advisories"] == "unknown"
    assert "greet 1.0.0, timeless 1.0: OSV could not be asked" in found.details


def test_without_advisories_a_security_upgrade_is_refused_not_called_done(
    market_now: Shop, small: Remote, tmp_path: Path
) -> None:
    market_now.broken = {"/osv/"}
    ran = planned(market_now, small, tmp_path, group="security").plan()
    assert ran.code == 3
    assert (
        "nothing known to be vulnerable can be upgraded, but of 3 packages nobody knows"
        in ran.result["refused"]
    )


def test_what_is_known_to_be_clear_and_new_is_nothing_to_do(market: Shop, tmp_path: Path) -> None:
    found = plan(market, remote(tmp_path, {"requirements.txt": "pinned==1.0\n"}), tmp_path, group="all")
    assert found.nothing_to_do
    assert found.summary == "shop: no upgrade to take now; 1 package: 1 no known advisory"
    assert found.changes == ()


def test_a_range_that_nobody_pinned_is_unknown_never_clear(
    market: Shop, small: Remote, tmp_path: Path
) -> None:
    found = plan(market, small, tmp_path, group="minor")
    assert "money in requirements.txt: nothing pins it to a version" in found.details


def test_a_repository_without_tests_is_upgraded_only_when_that_is_asked_for(
    market: Shop, small: Remote, tmp_path: Path
) -> None:
    ran = planned(market, small, tmp_path, tests=[], group="minor").plan()
    assert ran.code == 3
    assert "has no tests that are known here" in ran.result["refused"]
    asked = planned(market, small, tmp_path, tests=[], group="minor", allow_untested=True).plan().result
    assert asked["labels"]["tests"] == "absent"
    assert asked["resolved"]["tested"] == "absent"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        pytest.param("shopp", "There is no repository shopp. Did you mean shop? Known: shop.", id="a slip"),
        pytest.param("https://git.example/acme/x.git", "may not be upgraded", id="an address nobody allowed"),
        pytest.param("file:///etc", "may not be upgraded", id="a folder of this machine"),
        pytest.param("ext::sh/-c", "may not be upgraded", id="a transport that runs programs"),
    ],
)
def test_only_repositories_that_an_operator_listed_are_cloned(
    market: Shop, small: Remote, tmp_path: Path, asked: str, said: str
) -> None:
    upgrading = planned(market, small, tmp_path)
    upgrading.inputs["repository"] = asked
    ran = upgrading.plan()
    assert ran.code == 3
    assert said in ran.result["refused"]
    assert not list((tmp_path / "home").glob("plan-*")), "nothing was cloned"


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://git.example/acme/shop.git", True),
        ("https://git.example/acme-evil/shop.git", False),
        ("https://git.example/acme/../evil/shop.git", False),
        ("https://git.example/acme/%2e%2e/evil.git", False),
        ("https://git.example.evil.example/acme/shop.git", False),
        ("https://git.example@evil.example/acme/shop.git", False),
        ("http://git.example/acme/shop.git", False),
        ("https://git.example/acme/", False),
        ("https://git.example/acme/shop.git?x=1", False),
    ],
)
def test_an_address_is_allowed_by_its_parts_and_not_by_its_beginning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, allowed: bool
) -> None:
    catalogue = script("catalogue")
    (tmp_path / "repositories.toml").write_text('allow = ["https://git.example/acme/"]\n', encoding="utf-8")
    monkeypatch.setenv("ASSENT_REPOSITORIES", str(tmp_path / "repositories.toml"))
    if allowed:
        assert catalogue.find(address).url == address
    else:
        with pytest.raises(script("telling").Refusal, match="may not be upgraded"):
            catalogue.find(address)


def test_a_link_in_the_repository_leads_nowhere(market: Shop, small: Remote, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("greet==1.0.0\n", encoding="utf-8")
    (small.work / "requirements-link.txt").symlink_to(secret)
    (small.work / "requirements.txt").unlink()
    (small.work / "requirements.txt").symlink_to(secret)
    small.commit({})
    assert plan(market, small, tmp_path, group="all").nothing_to_do


def test_a_package_that_the_repository_does_not_use_is_refused(
    market: Shop, small: Remote, tmp_path: Path
) -> None:
    ran = planned(market, small, tmp_path, package="flask").plan()
    assert ran.result == {"refused": "shop does not use flask."}


def test_nothing_of_the_repository_runs_while_it_is_planned(market: Shop, tmp_path: Path) -> None:
    """Its hooks, its filters and its build would, if git or uv were asked carelessly."""
    found = remote(tmp_path, {"requirements.txt": "greet==1.0.0\n", ".gitattributes": "* filter=evil\n"})
    mark = tmp_path / "it-ran"
    hooks = found.bare / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "pre-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {mark}\n", encoding="utf-8")
        (hooks / name).chmod(0o755)
    git("config", "filter.evil.smudge", f"touch {mark}", folder=found.bare)
    assert plan(market, found, tmp_path, group="minor").changes
    assert not mark.exists()
