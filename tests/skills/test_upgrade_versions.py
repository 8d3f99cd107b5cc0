"""Versions and ranges are ordered as their ecosystems order them; the ecosystems' own tools say whether."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version as Reference
from upgrading import NPM, script

pep440, semver, kinds, specs = script("pep440"), script("semver"), script("ecosystem"), script("specs")


def python_version(dice: random.Random) -> str:
    release = ".".join(dice.choice(["0", "0", "1", "2", "3", "10"]) for _ in range(dice.randint(1, 4)))
    return "".join(
        [
            dice.choice(["", "", "", "1!", "v"]),
            release,
            dice.choice(["", "", "", "a", "b1", "rc2", ".alpha.1", "-beta0", "c1", "_preview2"]),
            dice.choice(["", "", "", ".post1", "-1", "post", ".rev3", "r4"]),
            dice.choice(["", "", "", ".dev1", "dev", "-dev0"]),
            dice.choice(["", "", "", "", "+abc", "+1", "+ubuntu.1", "+ABC_2"]),
        ]
    )


def python_specifier(dice: random.Random) -> str:
    def clause() -> str:
        operator = dice.choice(["==", "!=", "<=", ">=", "<", ">", "~="])
        wild = dice.choice(["", "", ".*"]) if operator in ("==", "!=") else ""
        return f"{operator}{python_version(dice)}{wild}"

    return ",".join(clause() for _ in range(dice.randint(0, 3)))


def test_python_versions_and_specifiers_are_what_packaging_says() -> None:
    dice = random.Random(20260101)
    for _ in range(2_000):
        one, other, text = python_version(dice), python_version(dice), python_specifier(dice)
        ours = [pep440.Version.parse(version) for version in (one, other)]
        theirs = [Reference(version) for version in (one, other)]
        assert (ours[0] < ours[1], ours[0] == ours[1]) == (theirs[0] < theirs[1], theirs[0] == theirs[1])
        assert ours[0].unstable == theirs[0].is_prerelease
        try:
            wanted: bool | None = SpecifierSet(text).contains(theirs[0], prereleases=True)
        except InvalidSpecifier:
            wanted = None
        try:
            allows = pep440.Specifier.parse(text).allows(ours[0])
        except pep440.NotAVersion:
            allows = None
        assert allows == wanted, (text, one)


def node_semver() -> Path | None:
    """The library that npm itself orders versions with."""
    if not NPM or not shutil.which("node"):
        return None
    found = Path(NPM).resolve().parents[1] / "node_modules" / "semver"
    return found if found.exists() else None


def npm_version(dice: random.Random) -> str:
    release = ".".join(dice.choice(["0", "0", "1", "2", "3", "10"]) for _ in range(3))
    words = [dice.choice(["a", "1", "0", "beta", "x-y"]) for _ in range(dice.choice([0, 0, 1, 2]))]
    return release + ("-" + ".".join(words) if words else "") + dice.choice(["", "", "", "+b.1"])


def npm_range(dice: random.Random) -> str:
    def partial() -> str:
        count = dice.randint(0, 3)
        parts = [dice.choice(["0", "1", "2", "3"]) for _ in range(count)]
        return npm_version(dice) if count == 3 else ".".join([*parts, dice.choice(["x", "*"])])

    def comparison() -> str:
        return dice.choice(["", "^", "~", ">", "<", ">=", "<=", "=", "~> "]) + partial()

    kinds_of = [
        lambda: " ".join(comparison() for _ in range(dice.choice([0, 1, 1, 2]))),
        lambda: f"{partial()} - {partial()}",
    ]
    return " || ".join(
        dice.choice([kinds_of[0], kinds_of[0], kinds_of[1]])() for _ in range(dice.choice([1, 1, 2]))
    )


@pytest.mark.skipif(node_semver() is None, reason="npm, whose semver is the oracle, is not installed")
def test_npm_versions_and_ranges_are_what_npms_own_library_says() -> None:
    dice = random.Random(20260101)
    cases = [(npm_version(dice), npm_version(dice), npm_range(dice)) for _ in range(2_000)]
    program = (
        f"const s = require({json.dumps(str(node_semver()))});"
        "const c = JSON.parse(require('fs').readFileSync(0));"
        "console.log(JSON.stringify(c.map(([a, b, r]) =>"
        " [s.compare(a, b), s.validRange(r) === null ? null : s.satisfies(a, r)])))"
    )
    done = subprocess.run(
        ["node", "-e", program], input=json.dumps(cases), capture_output=True, text=True, check=True
    )
    for (one, other, text), (order, theirs) in zip(cases, json.loads(done.stdout), strict=True):
        ours = [semver.Version.parse(version) for version in (one, other)]
        assert (ours[0] > ours[1]) - (ours[0] < ours[1]) == order, (one, other)
        try:
            allows = semver.Range.parse(text).allows(ours[0])
        except semver.NotAVersion:
            allows = None
        assert allows == theirs, (text, one)


@pytest.mark.parametrize(
    ("ecosystem", "spec", "version", "wanted"),
    [
        pytest.param("PyPI", "==1.2.0", "1.3.1", "==1.3.1", id="a pin becomes the new pin"),
        pytest.param("PyPI", ">=1,<2", "1.9", ">=1,<2", id="a range that allows it stays"),
        pytest.param("PyPI", ">=1, <2", "2.1.3", ">=1, <3", id="an upper bound moves at its own precision"),
        pytest.param("PyPI", ">=1,<2.0", "2.1.3", ">=1,<3.0", id="zeros at its end are not precision"),
        pytest.param("PyPI", "<0.5", "0.6.2", "<0.7", id="a minor bound moves to the next minor"),
        pytest.param("PyPI", "~=1.4.2", "1.6.0", "~=1.6.0", id="compatible with as many parts"),
        pytest.param("PyPI", "~= 1.4", "2.6.3", "~= 2.6", id="its gap stays"),
        pytest.param("PyPI", "==1.*", "2.6.3", "==2.*", id="a wildcard stays one"),
        pytest.param("PyPI", "<=1.4", "2.0", "<=2.0", id="at most the new one"),
        pytest.param("PyPI", ">=1,!=2.0", "2.0", None, id="what is excluded is not forced"),
        pytest.param("npm", "1.2.3", "1.3.0", "1.3.0", id="an exact version"),
        pytest.param("npm", "^1.2.3", "1.9.0", "^1.2.3", id="a caret that allows it stays"),
        pytest.param("npm", "^1.2.3", "2.0.1", "^2.0.1", id="a caret moves"),
        pytest.param("npm", "^1.2", "2.0.1", "^2.0", id="with as many parts"),
        pytest.param("npm", "~0.1.0", "0.2.0", "~0.2.0", id="a tilde moves"),
        pytest.param("npm", "1.x", "2.3.4", "2.x", id="an x stays one"),
        pytest.param("npm", ">=1.0.0 <2.0.0", "2.3.4", ">=1.0.0 <3.0.0", id="a bound moves"),
        pytest.param("npm", "^1.0.0 || ^2.0.0", "3.0.0", None, id="alternatives are a person's question"),
        pytest.param("npm", "*", "3.0.0", "*", id="anything stays anything"),
    ],
)
def test_a_requirement_is_rewritten_in_its_own_style(
    ecosystem: str, spec: str, version: str, wanted: str | None
) -> None:
    assert specs.rewritten(ecosystem, spec, version) == wanted


@pytest.mark.parametrize(
    ("before", "after", "bump"),
    [
        ("1.2.3", "1.2.4", "patch"),
        ("0.1.0", "0.2.0", "minor"),
        ("1.9.0", "2.0.0", "major"),
        ("1.0", "1!1.0", "major"),
    ],
)
def test_a_bump_is_the_first_number_that_differs(before: str, after: str, bump: str) -> None:
    assert kinds.bump("PyPI", before, after) == bump
