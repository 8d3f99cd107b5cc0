"""What is turned away before anybody looks at it, and what a button's value proves."""

from __future__ import annotations

import hashlib
import hmac
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_bolt.request.internals import parse_body

from bot.slack.buttons import Buttons
from bot.slack.http import LARGEST, Door, readable
from bot.slack.shapes import Turned
from bot.terms import RequestId

NOW = 1_800_000_000
SECRET = "shhh"
BODY = b'{"type":"event_callback"}'


def signed(body: bytes, at: int = NOW, secret: str = SECRET) -> dict[str, str]:
    mac = hmac.new(secret.encode(), b"v0:%d:" % at + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": f"v0={mac}"}


def status(headers: dict[str, str], body: bytes = BODY) -> int:
    try:
        Door(SECRET, clock=lambda: NOW).verify(headers, body)
    except Turned as turned:
        return turned.status
    return 200


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param(signed(BODY), 200, id="signed now"),
        pytest.param(signed(BODY, NOW - 299), 200, id="five minutes ago"),
        pytest.param(signed(BODY, NOW - 301), 401, id="older than five minutes"),
        pytest.param(signed(BODY, NOW + 301), 401, id="from the future"),
        pytest.param(signed(BODY, secret="other"), 401, id="another secret"),
        pytest.param(signed(b"{}"), 401, id="another body's signature"),
        pytest.param({}, 401, id="no headers"),
        pytest.param({**signed(BODY), "X-Slack-Request-Timestamp": "soon"}, 401, id="a word for a time"),
        pytest.param({**signed(BODY), "X-Slack-Request-Timestamp": "9" * 400}, 401, id="a huge time"),
        pytest.param({**signed(BODY), "X-Slack-Request-Timestamp": "１８"}, 401, id="other digits"),
        pytest.param({**signed(BODY), "X-Slack-Request-Timestamp": f"-{NOW}"}, 401, id="a negative time"),
        pytest.param({**signed(BODY), "X-Slack-Signature": "v0=ü"}, 401, id="letters for a signature"),
        pytest.param({**signed(BODY), "X-Slack-Signature": ""}, 401, id="an empty signature"),
    ],
)
def test_only_slack_now_comes_in(headers: dict[str, str], expected: int) -> None:
    assert status(headers) == expected


def test_what_is_too_large_is_not_even_hashed() -> None:
    assert status({}, b"x" * (LARGEST + 1)) == 413


JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param(JSON, b"{", id="half an object"),
        pytest.param(JSON, b"[]", id="a list"),
        pytest.param(JSON, b"\xff\xfe", id="not UTF-8"),
        pytest.param(JSON, b"{}", id="no type"),
        pytest.param(JSON, b'{"type": 7}', id="a number for a type"),
        pytest.param(JSON, b"[" * 100_000, id="very deep"),
        pytest.param(JSON, b'{"type":"event_callback"}', id="an event without an event"),
        pytest.param(JSON, b'{"type":"event_callback","event":[]}', id="a list for an event"),
        pytest.param(
            JSON, b'{"type":"event_callback","event":{"type":"message","user":5}}', id="a number who"
        ),
        pytest.param(FORM, b"payload=nonsense", id="a payload that is no JSON"),
        pytest.param(FORM, urlencode({"payload": '{"type":"x","actions":[1]}'}).encode(), id="odd actions"),
        pytest.param(FORM, urlencode({"payload": '{"type":"x","user":{"id":{}}}'}).encode(), id="odd user"),
        pytest.param(FORM, b"hello=there", id="neither command nor interaction"),
        pytest.param(FORM, b"&".join(b"a=b" for _ in range(500)), id="hundreds of fields"),
        pytest.param("text/plain", b"hello", id="plain text"),
        pytest.param("", b"", id="nothing at all"),
    ],
)
def test_what_cannot_be_read_is_400(content_type: str, body: bytes) -> None:
    with pytest.raises(Turned) as turned:
        readable(content_type, body)
    assert turned.value.status == 400


def test_what_can_be_read_is_left_as_it_is() -> None:
    command = "command=%2Fassent&text=deploy"
    said = readable(f"{FORM}; charset=utf-8", command.encode())
    assert (said.text, said.command) == (command, {"command": "/assent", "text": "deploy"})
    event = json.dumps({"type": "event_callback", "event": {"type": "message", "user": "U1"}})
    said = readable(JSON, event.encode())
    assert (said.text, said.command) == (event, None)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("command", "text", "", "a%20b", "%FF", "é")),
            st.text(st.sampled_from("ab&=%+;2Fé\n"), max_size=8),
        ),
        max_size=8,
    )
)
def test_a_form_is_read_as_bolt_will_read_it(pairs: list[tuple[str, str]]) -> None:
    text = "&".join(["command=%2Fassent", *(f"{name}={value}" for name, value in pairs)])
    assert readable(FORM, text.encode()).command == parse_body(text, FORM)


def test_of_two_payloads_the_one_is_looked_at_that_bolt_reads() -> None:
    text = urlencode([("payload", '{"type":"x"}'), ("payload", '{"type":"x","actions":[1]}')])
    with pytest.raises(Turned):
        readable(FORM, text.encode())


def test_a_button_is_read_as_it_was_written() -> None:
    buttons = Buttons(secret="s", team="T1")
    pressed = buttons.read("approve", buttons.value("approve", RequestId("r-42"), 3))
    assert (pressed.request, pressed.card_revision, pressed.genuine) == ("r-42", 3, True)


@pytest.mark.parametrize(
    ("action", "changed"),
    [
        pytest.param("deny", lambda value: value, id="another button's value"),
        pytest.param("approve", lambda value: value.replace("r-42", "r-43"), id="another request"),
        pytest.param("approve", lambda value: value.replace(".3.", ".4."), id="another card revision"),
        pytest.param("approve", lambda value: value[:-1], id="a shorter proof"),
        pytest.param("approve", lambda value: "r-42.3.", id="no proof"),
        pytest.param("approve", lambda value: "", id="nothing"),
    ],
)
def test_a_changed_button_is_not_genuine(action: str, changed: object) -> None:
    buttons = Buttons(secret="s", team="T1")
    value = buttons.value("approve", RequestId("r-42"), 3)
    assert not buttons.read(action, changed(value)).genuine  # type: ignore[operator]


def test_another_workspace_or_secret_proves_nothing_here() -> None:
    value = Buttons(secret="s", team="T2").value("approve", RequestId("r-42"), 3)
    assert not Buttons(secret="s", team="T1").read("approve", value).genuine
    assert not Buttons(secret="t", team="T2").read("approve", value).genuine


@given(st.text(max_size=200))
def test_any_text_can_be_read_as_a_button(value: str) -> None:
    assert not Buttons(secret="s", team="T1").read("approve", value).genuine
