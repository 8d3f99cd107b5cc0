"""Manifests are edited in their place: what is not the specifier stays as somebody wrote it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from upgrading import script

editing, manifests, npm, scan = (
    script("editing"),
    script("python_manifests"),
    script("npm_manifests"),
    script("scan"),
)

PYPROJECT = """\
# The shop. "requests>=2.30" is what this comment says, and it stays.
[project]
name = "shop"          # requests>=2.30
dependencies = [
    "requests[socks]>=2.30,<3 ; python_version > '3.8'",  # talks to banks
    'Django ~= 4.2.1',
    "attrs",
]

[project.optional-dependencies]
fast = ["requests>=2.30"]

[dependency-groups]
dev = ["pytest==8.0.0", {include-group = "lint"}]
lint = ["ruff==0.4.0"]

[tool.other]
copy = ["pytest==8.0.0"]
"""


def test_pyproject_keeps_comments_layout_and_everything_else() -> None:
    edited = editing.pyproject(
        PYPROJECT, "pyproject.toml", {"django": "5.1", "pytest": "8.3.2", "requests": "3.1"}
    )
    wanted = PYPROJECT.replace("[socks]>=2.30,<3 ;", "[socks]>=2.30,<4 ;").replace(
        "'Django ~= 4.2.1'", "'Django ~= 5.1.0'"
    )
    assert edited == wanted.replace('dev = ["pytest==8.0.0"', 'dev = ["pytest==8.3.2"')
    assert tomllib.loads(edited)["tool"]["other"] == {"copy": ["pytest==8.0.0"]}, (
        "another tool's list is not ours"
    )


def test_a_requirement_that_cannot_be_found_as_it_is_written_is_not_guessed() -> None:
    text = '[project]\nname = "shop"\ndependencies = ["greet\\u003d=1.0"]\n'
    with pytest.raises(editing.CannotEdit, match=r"cannot be edited in its place"):
        editing.pyproject(text, "pyproject.toml", {"greet": "2.0"})


REQUIREMENTS = """\
# what runs
-r other.txt
--index-url https://mirror.example/simple
Foo_Bar[extra]==1.0 ; python_version >= "3.8"  # keep: foo_bar==1.0
plain == 2.0
git+https://example.org/x.git#egg=x
hashed==1.0 \\
    --hash=sha256:aaaa \\
    --hash=sha256:bbbb
    # via something
"""


def test_requirements_keep_their_layout_and_get_the_hashes_of_the_new_version() -> None:
    wanted = {"foo-bar": "1.5", "plain": "2.1", "hashed": "1.1"}
    edited = editing.requirements(
        REQUIREMENTS, "requirements.txt", wanted, {"hashed": ["dddd", "cccc", "eeee"]}
    )
    assert edited == (
        REQUIREMENTS.replace("[extra]==1.0", "[extra]==1.5")
        .replace("plain == 2.0", "plain == 2.1")
        .replace("hashed==1.0", "hashed==1.1")
        .replace("sha256:aaaa", "sha256:cccc")
        .replace("    --hash=sha256:bbbb", "    --hash=sha256:dddd \\\n    --hash=sha256:eeee")
    )


def test_hashes_that_the_registry_does_not_say_are_never_left_out() -> None:
    with pytest.raises(editing.CannotEdit, match="has hashes, and the registry says none"):
        editing.requirements(REQUIREMENTS, "requirements.txt", {"hashed": "1.1"}, {})


def test_windows_line_ends_stay() -> None:
    edited = editing.requirements(
        "a==1\r\nb==1 \\\r\n  --hash=sha256:aa\r\n", "r.txt", {"b": "2"}, {"b": ["cc"]}
    )
    assert edited == "a==1\r\nb==2 \\\r\n  --hash=sha256:cc\r\n"


def test_package_json_keeps_its_layout_and_its_other_groups() -> None:
    text = (
        '{\n\t"name": "left",\n\t"dependencies": {"left": "^1.0.0",   "right": "^1.0.0"},\n'
        '\t"peerDependencies": {"left": "^1.0.0"}\n}\n'
    )
    edited = editing.package_json(text, "package.json", {"left": "2.0.0"}, exact=False)
    assert edited == text.replace('{"left": "^1.0.0",', '{"left": "^2.0.0",', 1)


def test_what_is_not_looked_at_is_said(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS, encoding="utf-8")
    (tmp_path / "package.json").write_text(
        json.dumps({"dependencies": {"a": "github:x/y", "b": "file:../b", "c": "latest", "d": "^1.0.0"}}),
        encoding="utf-8",
    )
    (tmp_path / "yarn.lock").write_text("", encoding="utf-8")
    units, unread = scan.scan(
        tmp_path, ["requirements.txt", "package.json", "yarn.lock", "node_modules/x/package.json"]
    )
    assert [[one.name for one in unit.named] for unit in units] == [["foo-bar", "plain", "hashed"], ["d"]]
    said = [*unread, *(text for unit in units for text in unit.unread)]
    assert len(said) == 1 + 3 + 3
    assert "yarn.lock is not read" in said


def test_a_lock_says_what_each_entry_is_asked_for_by_the_place_node_would_look(tmp_path: Path) -> None:
    packages = {
        "": {"dependencies": {"a": "^1.0.0"}},
        "node_modules/a": {"version": "1.0.0", "dependencies": {"deep": "^1.0.0"}},
        "node_modules/b": {"version": "1.0.0", "dependencies": {"deep": "^2.0.0"}},
        "node_modules/deep": {"version": "2.1.0"},
        "node_modules/a/node_modules/deep": {"version": "1.2.0"},
        "node_modules/link": {"link": True, "resolved": "packages/link"},
        "node_modules/away": {"version": "1.0.0", "resolved": "git+ssh://git@example.org/away.git#1"},
    }
    (tmp_path / "package.json").write_text(json.dumps({"dependencies": {"a": "^1.0.0"}}), encoding="utf-8")
    (tmp_path / "package-lock.json").write_text(
        json.dumps({"lockfileVersion": 3, "packages": packages}), encoding="utf-8"
    )
    unit = npm.npm(tmp_path, ("package.json",), "package-lock.json")
    asked = {(one.name, one.version): one.needed_as for one in unit.locked}
    assert asked["deep", "2.1.0"] == ("^2.0.0",)
    assert asked["deep", "1.2.0"] == ("^1.0.0",)
    assert unit.unread == ("package-lock.json: away comes from git+ssh, not the registry",)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("pyproject.toml", "[project\n", "pyproject.toml is not TOML"),
        ("package.json", "{", "package.json is not JSON"),
        ("package.json", "[]", "package.json is not a JSON object"),
        ("requirements.txt", "\udcff", "requirements.txt cannot be read"),
    ],
)
def test_a_manifest_that_cannot_be_read_stops_everything(
    tmp_path: Path, file: str, text: str, said: str
) -> None:
    (tmp_path / file).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(manifests.Broken, match=said):
        scan.scan(tmp_path, [file])
