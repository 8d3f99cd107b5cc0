"""YAML that cannot surprise: every refusal has its file, line and column."""

# ruff: noqa: E501 — a table keeps one row a line

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.artifacts.yaml_marks import Marks, NotYaml, load, place, read

ROOT = Path(__file__).parents[2]


def test_every_key_and_item_has_its_place() -> None:
    data, marks = read(b"a: 1\nb:\n  - c: x\n    d: [1, 2]\n", file="f.yaml")
    assert data == {"a": 1, "b": [{"c": "x", "d": [1, 2]}]}
    assert marks[("a",)] == (1, 1)
    assert marks[("b", 0)] == (3, 5)
    assert marks[("b", 0, "d")] == (4, 5)
    assert marks[("b", 0, "d", 1)] == (4, 12)


def test_a_path_that_is_not_there_is_placed_at_what_is_above_it() -> None:
    _, marks = read(b"a:\n  b: 1\n", file="f.yaml")
    assert place(marks, ("a", "b", 3, "x")) == (2, 3)
    assert place(marks, ("z",)) == (1, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("on", "on"), ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ("010", 10), ("-3", -3), ("1_000", "1_000"), ("12:30", "12:30"), ("2026-11-22", "2026-11-22"),
        ("1.5", 1.5), ("1e3", 1000.0), (".inf", ".inf"), (".nan", ".nan"), ("0x10", "0x10"), ("1.4.2", "1.4.2"),
        ('"10"', "10"), ("'true'", "true"), ("9" * 30, "9" * 30),
    ],
)  # fmt: skip
def test_plain_words_mean_what_they_look_like(text: str, value: JsonValue) -> None:
    assert read(f"key: {text}\n".encode(), file="f.yaml")[0] == {"key": value}


BOMB = b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"a: 1\nb: 2\na: 3\n", 'f.yaml:3:1: the key "a" is here twice. Keep one; the other is in line 1.', id="duplicate key"),
        pytest.param(b"x:\n  a: 1\n  'a': 3\n", 'f.yaml:3:3: the key "a" is here twice. Keep one; the other is in line 2.', id="duplicate key in quotes"),
        pytest.param(b"1: a\n\"1\": b\n", 'f.yaml:2:1: the key "1" is here twice. Keep one; the other is in line 1.', id="duplicate number"),
        pytest.param(BOMB, "f.yaml:1:4: anchors and aliases are not read. Write the value out.", id="billion laughs"),
        pytest.param(b"a: *b\n", "f.yaml:1:4: anchors and aliases are not read. Write the value out.", id="alias"),
        pytest.param(b"<<: {a: 1}\n", "f.yaml:1:1: merging with << is not read. Write the keys out.", id="merge"),
        pytest.param(b"a: !!python/object/apply:os.system [id]\n", "f.yaml:1:4: the tag tag:yaml.org,2002:python/object/apply:os.system is not read. Write plain values.", id="object"),
        pytest.param(b"a: !secret x\n", "f.yaml:1:4: the tag !secret is not read. Write plain values.", id="own tag"),
        pytest.param(b"a: !!int '3'\n", "f.yaml:1:4: the tag tag:yaml.org,2002:int is not read. Write plain values.", id="standard tag"),
        pytest.param(b"? [a, b]\n: 1\n", "f.yaml:1:3: a key is one word. Quote it, or give it a name.", id="list as key"),
        pytest.param(b"a: 1\n  b: 2\n", "f.yaml:2:4: mapping values are not allowed here", id="indentation"),
        pytest.param(b"a: [1, 2\nb: 3\n", "f.yaml:2:2: expected ',' or ']', but got ':'", id="open bracket"),
        pytest.param(b"a: 'x\n", "f.yaml:2:1: found unexpected end of stream", id="open quote"),
        pytest.param(b"a: 1\n\tb: 2\n", "f.yaml:2:1: found character '\\t' that cannot start any token. Indent with spaces.", id="tab"),
        pytest.param(b"a: 1\n---\nb: 2\n", "f.yaml:2:1: expected a single document in the stream, but found another document", id="two documents"),
        pytest.param("a: 1\nb: x\u202ey\n".encode(), "f.yaml:2:5: U+202E (right-to-left override) cannot be seen by a reader. Remove it.", id="bidi"),
        pytest.param(b"\xef\xbb\xbfa: 1\n", "f.yaml:1:1: U+FEFF (zero width no-break space) cannot be seen by a reader. Remove it.", id="byte order mark"),
        pytest.param(b"a: \x00\n", "f.yaml:1:4: U+0000 (null) cannot be seen by a reader. Remove it.", id="null byte"),
        pytest.param(b"a: 1\nb: \xff\n", "f.yaml:2:4: this is not UTF-8. Save it as UTF-8.", id="not utf-8"),
        pytest.param(b"[" * 50, "f.yaml:1:41: this is nested deeper than 40 levels", id="deep"),
        pytest.param(b"#" * 300_000, "f.yaml:1:1: the file is larger than 256 kB. Split it.", id="large"),
    ],
)  # fmt: skip
def test_refused_with_its_place(content: bytes, says: str) -> None:
    with pytest.raises(NotYaml) as refused:
        read(content, file="f.yaml")
    assert str(refused.value) == says


def test_a_file_is_called_by_its_path_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: [")
    with pytest.raises(NotYaml) as refused:
        load(path)
    assert refused.value.problem.file == str(path)


@given(st.binary(max_size=200) | st.text("ab:[]{}-#&*!|>'\" \n%@?,", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        _, marks = read(content, file="f.yaml")
    except NotYaml as refused:
        place_of = refused.problem
        marks = {(): (place_of.line, place_of.column)}
    assert all(line >= 1 and column >= 1 for line, column in marks.values())


SHIPPED = sorted([*ROOT.glob("policies/*.yaml"), *ROOT.glob("skills/**/*.yaml")])
PIECES = ("a", "b: ", "- ", "[", "]", "{", "}", ": ", ", ", "'", '"', "\n", "\n  ", "\n- ", " #c", "|", "|\n", ">-\n",
          "&x ", "*x", "!t ", "? ", "---", "...", "\\", "é", "1.5", "~", "<<: ", "\r\n", "\\x41")  # fmt: skip


def both(content: bytes) -> list[tuple[JsonValue, Marks] | NotYaml]:
    """What is read with libyaml, and what is read where PyYAML was built without it."""
    found: list[tuple[JsonValue, Marks] | NotYaml] = []
    for libyaml in (True, False):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(yaml, "__with_libyaml__", libyaml)
            try:
                found.append(read(content, file="f.yaml"))
            except NotYaml as refused:
                found.append(refused)
    return found


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="this PyYAML has no libyaml to compare with")
def test_the_shipped_files_are_the_same_with_and_without_libyaml() -> None:
    for path in SHIPPED:
        quick, plain = both(path.read_bytes())
        assert quick == plain, path


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="this PyYAML has no libyaml to compare with")
def test_a_text_that_is_read_without_libyaml_has_the_same_data_with_it() -> None:
    """Where both read it. What only libyaml reads (a tab at the end of a line) is no other data either."""
    drawn = random.Random(1)
    texts = [path.read_text(encoding="utf-8") for path in SHIPPED]
    read_by_both = 0
    for _ in range(1000):
        start = drawn.randrange(len(text := drawn.choice(texts)))
        part = text[start : start + 150]
        at = drawn.randrange(len(part) + 1)
        damaged = part[:at] + drawn.choice(PIECES) + part[at + drawn.choice((0, 0, 1, 3)) :]
        made_up = "".join(drawn.choices(PIECES, k=drawn.randrange(1, 10)))
        for content in (damaged.encode(), made_up.encode()):
            quick, plain = both(content)
            if isinstance(plain, tuple):
                assert isinstance(quick, tuple), content
                assert quick[0] == plain[0], content
                read_by_both += 1
            elif isinstance(quick, NotYaml):
                assert quick.problem == plain.problem, content
    assert read_by_both > 200
