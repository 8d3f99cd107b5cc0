"""What is kept of what a command prints."""

import gc
import sys
from types import FunctionType

import pytest

from bot.execute.sandbox.output import LONGEST_RESULT, Output


def printed(*chunks: bytes, limit: int = 1000, secrets: tuple[str, ...] = ()) -> tuple[Output, list[str]]:
    lines: list[str] = []
    output = Output(limit=limit, secrets=secrets, on_line=lines.append)
    for chunk in chunks:
        output.feed(chunk)
    output.close()
    return output, lines


@pytest.mark.parametrize(
    ("text", "result"),
    [
        pytest.param(b'{"a": 1}', {"a": 1}, id="without a line end"),
        pytest.param(b'working\n{"a": 1}\n', {"a": 1}, id="last line"),
        pytest.param(b'{"a": 1}\n\n \n', {"a": 1}, id="blank lines after it"),
        pytest.param(b'{"a": 1}\r\n', {"a": 1}, id="a carriage return"),
        pytest.param('{"a": "é → ✓"}'.encode(), {"a": "é → ✓"}, id="unicode"),
        pytest.param(b'{"a": 1}\nthat was it\n', None, id="not the last line"),
        pytest.param(b"[1]\n", None, id="a list"),
        pytest.param(b'"{}"\n', None, id="a string"),
        pytest.param(b'{"a": \n', None, id="cut"),
        pytest.param(b'{"a": NaN}\n', None, id="NaN is not JSON"),
        pytest.param(b'{"a": 1e999}\n', None, id="a number no float holds"),
        pytest.param(b'{"a":' * 5000 + b"1" + b"}" * 5000, None, id="nested without end"),
        pytest.param(b'{"a": "' + b"x" * LONGEST_RESULT + b'"}', None, id="larger than a result may be"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_the_result_is_the_last_line_when_it_is_an_object(text: bytes, result: object) -> None:
    assert printed(text)[0].result == result


def test_the_result_is_no_progress_line_but_objects_before_it_are() -> None:
    output, lines = printed(b'one\n{"step": 1}\ntwo\n{"step": 2}\n{"done": true}\n')
    assert lines == ["one", '{"step": 1}', "two", '{"step": 2}']
    assert output.result == {"done": True}


def test_what_only_looked_like_a_result_is_a_line() -> None:
    assert printed(b"{ not json\n")[1] == ["{ not json"]


def test_a_result_longer_than_what_is_kept_is_read_whole() -> None:
    output, _ = printed(b'{"details": "' + b"x" * 5000 + b'"}\n', limit=100)
    assert output.result == {"details": "x" * 5000}
    assert len(output.text()) < 200


def test_what_escapes_in_a_result_is_cleaned_after_it_is_read() -> None:
    text = b'{"a": "\\u001b[31mred", "b": "\\ud800", "c": ["\\u0068unter22"], "\\u0068unter22": 1}'
    result = printed(text, secrets=("hunter22",))[0].result
    assert result is not None
    assert result["a"] == "red"
    assert result["b"] == "\ufffd"
    assert "hunter22" not in repr(result)


def test_head_and_tail_are_kept_and_the_rest_is_counted() -> None:
    output, _ = printed(*[b"%04d\n" % number for number in range(1000)], limit=20)
    assert output.text() == "0000\n0001\n\n[… 4980 bytes not kept …]\n0998\n0999\n"
    assert output.dropped == 4980


def test_all_is_kept_up_to_the_limit() -> None:
    output, _ = printed("é".encode() * 500)
    assert output.text() == "é" * 500
    assert output.dropped == 0


def test_no_character_is_cut_in_half() -> None:
    output, _ = printed("€".encode() * 100, limit=10)
    assert output.text() == "€\n[… 290 bytes not kept …]\n€"


def test_bytes_that_are_no_text_are_replaced() -> None:
    output, lines = printed(b"a\xff\xfeb\n", b"\xe2\x82", b"\xac\n", b"\xe2\x82")
    assert output.text() == "a\ufffd\ufffdb\n€\n\ufffd"
    assert lines == ["a\ufffd\ufffdb", "€", "\ufffd"]


def test_a_long_line_is_shortened_for_the_card() -> None:
    (line,) = printed(b"x" * 9999)[1]
    assert line == "x" * 499 + "…"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        pytest.param("\x1b[1;31mred\x1b[0m", "red", id="colours"),
        pytest.param("\x1b]0;title\x07text", "text", id="window title"),
        pytest.param("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link", id="link"),
        pytest.param("a\x1b(Bb\x1bcc", "abc", id="charset and reset"),
        pytest.param("lone \x1b\n", "lone ␛\n", id="an escape that begins nothing"),
        pytest.param("a\x00b\x08c\x07", "a␀b␈c␇", id="control characters"),
        pytest.param("del\x7f c1\x9b", "del␡ c1\ufffd", id="DEL and C1"),
        pytest.param("10%\r20%\r\ndone", "10%\n20%\ndone", id="carriage returns"),
        pytest.param("abc\u202edcba", "abc\ufffddcba", id="direction override"),
        pytest.param("tab\tstays 👩‍🚀", "tab\tstays 👩‍🚀", id="tabs and joined emoji stay"),
    ],
)
@pytest.mark.parametrize("size", [1000, 1])
def test_nothing_steers_the_reader(raw: str, shown: str, size: int) -> None:
    data = raw.encode()
    output, _ = printed(*(data[at : at + size] for at in range(0, len(data), size)))
    assert output.text() == shown


@pytest.mark.parametrize(
    "chunk", [b"no line end ", b"short\n" * 10, b"\x1b[3", b"\xff\x00", b"{", b"aaa"], ids=repr
)
def test_memory_is_bounded_whatever_comes(chunk: bytes) -> None:
    output = Output(limit=10_000, secrets=("aaaaa", "hunter22"), on_line=_nobody)
    data = chunk * (16_384 // len(chunk))
    for _ in range(400):
        output.feed(data)
    assert _held_by(output) < 3 * LONGEST_RESULT
    output.close()


def _nobody(line: str) -> None:
    """Hears the lines."""


def _held_by(output: Output) -> int:
    """Bytes of everything that is reachable from it alone."""
    seen: set[int] = set()
    waiting: list[object] = [vars(output)]
    total = 0
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, type | FunctionType):
            continue
        seen.add(id(thing))
        total += sys.getsizeof(thing)
        waiting += gc.get_referents(thing)
    return total
