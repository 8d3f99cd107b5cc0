"""Secrets do not come out, however they are usually written."""

import base64
import html
import json
import re
import textwrap
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.execute.sandbox import secret_values
from bot.execute.sandbox.encodings import wrapped_variants
from bot.execute.sandbox.harmless import Harmless
from bot.execute.sandbox.redaction import Redactor

SECRET = 'pa"ss/wörd+1 & more'
BYTES = SECRET.encode()


def streamed(text: str, *secrets: str, size: int) -> str:
    redactor = Redactor(secrets)
    shown = "".join(redactor.feed(text[at : at + size]) for at in range(0, len(text), size))
    return shown + redactor.close()


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(SECRET, id="plain"),
        pytest.param(quote(SECRET), id="url path"),
        pytest.param(quote(SECRET, safe=""), id="url"),
        pytest.param(quote_plus(SECRET), id="form"),
        pytest.param(quote_plus(SECRET).replace("%C3%B6", "%c3%b6").lower(), id="form in lower case"),
        pytest.param(json.dumps(SECRET)[1:-1], id="json"),
        pytest.param(json.dumps(SECRET, ensure_ascii=False)[1:-1], id="json as utf-8"),
        pytest.param(json.dumps(json.dumps(SECRET)[1:-1])[1:-1], id="json in json"),
        pytest.param(
            json.dumps(json.dumps(SECRET, ensure_ascii=False)[1:-1], ensure_ascii=False)[1:-1],
            id="json in json as utf-8",
        ),
        pytest.param(json.dumps(SECRET)[1:-1].replace("00f6", "00F6"), id="json in capitals"),
        pytest.param(json.dumps(SECRET)[1:-1].replace("&", "\\u0026"), id="json for a page"),
        pytest.param(
            json.dumps(SECRET)[1:-1]
            .replace('\\"', "\\u0022")
            .replace("+", "\\u002B")
            .replace("&", "\\u0026")
            .replace("00f6", "00F6"),
            id="json for any page",
        ),
        pytest.param(json.dumps(SECRET)[1:-1].replace("/", "\\/"), id="json with slashes"),
        pytest.param(ascii(SECRET)[1:-1], id="ascii"),
        pytest.param(repr(BYTES)[2:-1], id="bytes"),
        pytest.param(repr(SECRET)[1:-1], id="repr"),
        pytest.param(html.escape(SECRET), id="html"),
        pytest.param(BYTES.hex(), id="hex"),
        pytest.param(BYTES.hex().upper(), id="HEX"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_encodings(written: str, size: int) -> None:
    shown = streamed(f"<{written}>", SECRET, size=size)
    assert shown.startswith("<[redacted:")
    assert shown.endswith("]>")
    assert len(shown) == len("<[redacted:xxxx]>")


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_base64_wherever_the_secret_falls(encode, before: str, size: int) -> None:  # type: ignore[no-untyped-def]
    written = encode(before.encode() + BYTES + b" after").decode()
    shown = streamed(written, SECRET, size=size)
    assert "[redacted:" in shown
    assert len(shown.replace("[redacted:", "").replace("]", "")) < len(written) / 2 + 4


WRAPPERS = {
    "MIME": lambda data: base64.encodebytes(data).decode(),
    "PEM": lambda data: textwrap.fill(base64.b64encode(data).decode(), 64),
    "indented": lambda data: textwrap.indent(textwrap.fill(base64.b64encode(data).decode(), 76), "    "),
    "url-safe": lambda data: textwrap.fill(
        base64.urlsafe_b64encode(data).decode(), 76, break_on_hyphens=False
    ),
    "with carriage returns": lambda data: base64.encodebytes(data).decode().replace("\n", "\r\n"),
    "in json": lambda data: json.dumps(base64.encodebytes(data).decode()),
    "hex": lambda data: textwrap.fill(data.hex(), 60),
    "HEX": lambda data: textwrap.fill(data.hex().upper(), 64),
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS.keys())
@pytest.mark.parametrize("secret", [SECRET, "a-much-longer-secret-" * 9], ids=["short", "long"])
def test_encodings_over_several_lines(wrap: Callable[[bytes], str], secret: str) -> None:
    """Wherever the break falls, and wherever the stream is cut."""
    encodings = {*wrapped_variants(secret)}
    for before in range(60):
        written = wrap(b"x" * before + secret.encode() + b"!" * 40)
        joined = re.sub(r"\s|\\n", "", written)
        assert any(one in joined for one in encodings), "the test itself would see it"
        for size in (1, 13, len(written)):
            stream = Harmless()
            clean = "".join(stream.feed(written[at : at + size]) for at in range(0, len(written), size))
            shown = re.sub(r"\s|\\n", "", streamed(clean + stream.close(), secret, size=size))
            assert not any(one in shown for one in encodings), (before, size)


@given(
    pieces=st.lists(
        st.one_of(
            st.sampled_from(["hunter2-and-more", base64.encodebytes(b"hunter2-and-more" * 7).decode()]),
            st.text("abc/+= \n\\", max_size=90),
        ),
        max_size=6,
    ),
    size=st.integers(1, 97),
)
def test_however_it_is_cut_the_stream_says_what_the_whole_text_would(pieces: list[str], size: int) -> None:
    text = "".join(pieces)
    whole = Redactor(["hunter2-and-more"]).redact(text)
    assert streamed(text, "hunter2-and-more", size=size) == whole


def test_a_line_of_prose_is_shown_at_once_though_an_encoding_could_begin_with_its_end() -> None:
    redactor = Redactor(["hunter22"])
    encoded = base64.b64encode(b"hunter22").decode()
    assert redactor.feed(f"it ends with {encoded[:3]}\n") == f"it ends with {encoded[:3]}\n"


@given(
    secret=st.text("XYZ+/é", min_size=1, max_size=12),
    other=st.text("XYZ+/é", min_size=1, max_size=5),
    pieces=st.lists(st.text("XYZ+/é ", max_size=12), max_size=6),
)
def test_no_way_to_cut_the_stream_shows_a_secret(secret: str, other: str, pieces: list[str]) -> None:
    redactor = Redactor([secret, other])
    chunks = [chunk for piece in pieces for chunk in (piece, secret[:2], secret[2:], other)]
    shown = "".join(map(redactor.feed, chunks)) + redactor.close()
    assert secret not in shown
    assert other not in shown


@given(
    secret=st.text("XY9é", min_size=2, max_size=8),
    text=st.text("XY9é \n", max_size=60),
    size=st.integers(1, 9),
)
def test_text_without_the_secret_comes_through_as_it_was(secret: str, text: str, size: int) -> None:
    shown = streamed(text, secret, size=size)
    if Redactor([secret]).redact(text) == text:
        assert shown == text


def test_a_line_is_not_held_back_when_it_cannot_become_a_secret() -> None:
    redactor = Redactor(["hunter22", "-----BEGIN KEY-----\nabc"])
    assert redactor.feed("step one done\n") == "step one done\n"
    assert redactor.feed("the password is hunt") == "the password is "
    assert redactor.feed("ing\n") == "hunting\n"


def test_a_secret_that_begins_another_does_not_show_the_others_end() -> None:
    assert streamed("secret-long.", "secret", "secret-long", size=3).count("long") == 0


def test_overlapping_secrets_are_one_mark() -> None:
    for size in (1, 2, 100):
        shown = streamed("xabc.", "xab", "abc", size=size)
        assert shown.startswith("[redacted:")
        assert shown.endswith("].")
        assert len(shown) == len("[redacted:xxxx].")


def test_each_line_of_a_key_is_hidden_by_itself() -> None:
    key = (
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nBAQEFAASCBKcwggSj\n-----END PRIVATE KEY-----\n"
    )
    shown = streamed("  MIIEvQIBADANBgkqhkiG9w0\n  BAQEFAASCBKcwggSj\n", key, size=4)
    assert "MIIE" not in shown
    assert "wggSj" not in shown


def test_a_secret_is_found_without_the_line_end_of_its_file() -> None:
    assert "hunter22" not in streamed("is hunter22!", "hunter22\n", size=100)


def test_the_same_secret_has_the_same_mark_and_others_another() -> None:
    one, same, two = streamed("alpha-1 alpha-1 bravo-2", "alpha-1", "bravo-2", size=100).split()
    assert one == same
    assert one != two


def test_no_secret_changes_nothing() -> None:
    assert streamed("as it is", "", "  ", size=3) == "as it is"


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        pytest.param("GITHUB_TOKEN", "0123456789", "0123456789", id="by name"),
        pytest.param("WHATEVER", "ghp_0123456789abcdef", "ghp_0123456789abcdef", id="by looks"),
        pytest.param(
            "URL", "https://me:pass word@host/".replace(" ", "-"), "pass-word", id="password in a URL"
        ),
        pytest.param("AUTHOR", "Jane Doe, Example", None, id="an author is none"),
        pytest.param("TOKEN_COUNT", "12", None, id="too short to hide"),
        pytest.param("ASSENT_TARGET", "/var/lib/demo-host", None, id="a path"),
    ],
)
def test_secrets_known_by_their_looks(name: str, value: str, secret: str | None) -> None:
    assert secret_values({name: value}) == ((secret,) if secret else ())
