"""A request, drawn: what people read in each state, and what no input can do to it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from bot.ask.manifest import Check as Measured
from bot.assess.assessment import Change
from bot.assess.decision import Allow, Because, BrokenGlass, Escalation, RequireApproval, Requirement, Seat
from bot.execute.journal import Check
from bot.flow.request import Review
from bot.lifecycle import State
from bot.playground.blocks import message_faults, too_long, view_faults
from bot.settle.outcome import Outcome
from bot.slack.buttons import Buttons
from bot.slack.cards import Card, card
from bot.slack.cards.buttons import offered
from bot.slack.clicks import Press, press
from bot.slack.modals.deny import deny
from bot.slack.modals.details import details
from bot.slack.modals.review import review as reviewing
from bot.terms import Digest, Group, Principal
from tests.slack.conftest import NOON

BUTTONS = Buttons(secret="signing secret", team="T1")
ASKS = ("prometheus: http://prom.acme.test (a <b>)",)
HOSTILE = "<!channel> & `code` *bold*\n*Approved by everybody* \u202egnp.exe\u200b\x00 <@U1> " + "x" * 4000


def read(shown: Card) -> str:
    """The card as lines of text, the buttons in brackets."""
    return "\n".join(line for block in shown.blocks for line in _lines(block))


def _lines(block: dict[str, Any]) -> list[str]:
    match block["type"]:
        case "header" | "section" if "text" in block:
            return [str(block["text"]["text"])]
        case "section":
            return [str(one["text"]).replace("\n", ": ", 1) for one in block["fields"]]
        case "actions":
            return [" ".join(f"[{one.get('text', {}).get('text', '⋯')}]" for one in block["elements"])]
        case "rich_text":
            return [str(block["elements"][0]["elements"][0]["text"])]
    return [str(one["text"]) for one in block["elements"]]


UNTIL = "<!date^1772467200^{date_short_pretty} at {time}|2026-03-02 16:00 UTC>"
VOTED = "<!date^1772452860^{date_short_pretty} at {time}|2026-03-02 12:01 UTC>"


def test_a_waiting_card_says_what_why_who_and_how_much(a_request: Any) -> None:
    assert read(card(a_request(missing=("2 × @release",)), buttons=BUTTONS)) == (
        "deploy checkout 1.4.2 to staging\n"
        f"🟡 *Waiting for approval.* Nothing runs before 2 × @release said yes, until {UNTIL}.\n"
        "*Asked by*: <@UALICE>\n"
        "*Target*: demo-host/staging/checkout\n"
        "*Risk*: 25 of 100 · staging\n"
        "*Policy*: deploy/staging: staging is shared\n→ 2 × @release\n"
        "*Cost*: $0.01–$0.03, hard stop $0.10\n41 runs\n$3.20 left in staging today\n"
        "*Still needed*: 2 × @release\n"
        "*Plan* · checkout 1.4.1 → 1.4.2 in staging, 3 commits\n"
        "`/assent deploy service=checkout version=1.4.2 to staging`\n"
        "• checkout: 1.4.1 → 1.4.2\n"
        "Undo: back to 1.4.1\n"
        "[Approve] [Deny…] [Details] [⋯]\n"
        f"r-42 · deploy 1.0.0 · approval is for abcdef012345 · policy deploy 3 · expires {UNTIL}"
    )


def test_a_planning_card_shows_the_parsed_invocation_before_anything_runs(a_request: Any) -> None:
    shown = card(a_request(State.PLANNING, assessment=None, expires_at=None), buttons=BUTTONS)
    assert read(shown) == (
        "deploy checkout 1.4.2 to staging\n"
        "🔎 *Planning.* Working out what would change. Nothing has been changed.\n"
        "*Asked by*: <@UALICE>\n"
        "*Where*: staging\n"
        "`/assent deploy service=checkout version=1.4.2 to staging`\n"
        "[Cancel]\n"
        "r-42 · deploy 1.0.0"
    )


def test_a_partly_approved_card_says_who_voted_and_who_is_still_needed(a_request: Any, a_vote: Any) -> None:
    text = read(card(a_request(missing=("@release",), votes=(a_vote("bob"),)), buttons=BUTTONS))
    assert "🟡 *Partly approved.* Nothing runs before @release said yes" in text
    assert f"✓ <@UBOB> approved {VOTED}" in text


def test_a_running_card_shows_each_step_and_the_live_line(a_request: Any, an_entry: Any) -> None:
    journal = (
        an_entry("began", "stage", title="Start 1.4.2"),
        an_entry("ended", "stage", ok=True, exit_code=0, wall_ms=2100),
        an_entry("began", "switch", title="Switch over"),
    )
    text = read(card(a_request(State.RUNNING, journal=journal, progress="30 of 60"), buttons=BUTTONS))
    assert "*Steps*\n✓ Start 1.4.2 (2.1 s)\n… Switch over: 30 of 60\n[Stop] [Details]" in text


def test_a_stopping_card_says_so_and_who_asked(a_request: Any, an_entry: Any) -> None:
    text = read(
        card(a_request(State.RUNNING, journal=(an_entry("stop_asked", "", by="bob"),)), buttons=BUTTONS)
    )
    assert "*Stopping.*" in text
    assert "⏹ bob asked to stop" in text


def test_an_interrupted_card_names_the_step_and_offers_three_answers(a_request: Any, an_entry: Any) -> None:
    journal = (an_entry("began", "switch", title="Switch over"),)
    text = read(card(a_request(State.INTERRUPTED, journal=journal), buttons=BUTTONS))
    assert "It stopped during Switch over, and nobody can know whether that happened." in text
    assert "❔ Switch over: begun, end not known" in text
    assert "[Retry step] [Skip step] [Undo] [Details]" in text


def test_what_was_answered_before_it_was_judged_anew_is_not_said_to_count(
    a_request: Any, a_vote: Any
) -> None:
    before = a_vote("bob").model_copy(update={"digest": Digest("sha256:" + "0" * 64)})
    text = read(card(a_request(missing=("@release",), votes=(before,)), buttons=BUTTONS))
    assert "🟡 *Waiting for approval.* Nothing runs before @release said yes" in text
    assert f"✓ <@UBOB> approved {VOTED} (before it was judged anew: does not count)" in text
    ended = a_request(State.DONE, votes=(before, a_vote("carol")))
    assert "*Approved by*: <@UCAROL>\n" in read(card(ended, buttons=BUTTONS))


def test_a_receipt_shows_checks_cost_against_estimate_and_who_approved(
    a_request: Any, a_vote: Any, an_entry: Any
) -> None:
    done = Outcome(
        kind="rolled_back",
        sentence="The definition of done was not met, so checkout is back to 1.4.1.",
        checks=(
            Check(name="error rate", expected="≤ 0.01", observed=0.4, met=False),
            Check(name="health", expected="≥ 1", observed=None, met=None),
        ),
    )
    journal = (
        an_entry("began", "switch", title="Switch over"),
        an_entry("ended", "switch", ok=False, exit_code=3, wall_ms=65_000, output="one\nno route to host"),
        an_entry("began", "switch", title="Switch over", phase="undo"),
        an_entry("ended", "switch", ok=True, exit_code=0, phase="undo", wall_ms=400),
    )
    shown = card(
        a_request(State.ROLLED_BACK, outcome=done, cost=40_000, votes=(a_vote("bob"),), journal=journal),
        buttons=BUTTONS,
    )
    text = read(shown)
    assert "↩️ *Rolled back.* The definition of done was not met, so checkout is back to 1.4.1." in text
    assert "*Cost, settled*: $0.04, above the estimate of $0.01–$0.03, hard stop $0.10" in text
    assert "*Approved by*: <@UBOB>" in text
    assert (
        "*Definition of done*\n✗ error rate: 0.4 (≤ 0.01)\n❔ health: no data (≥ 1)\n"
        "*Steps*\n✗ Switch over (65 s), exit 3: no route to host\n✓ undo: Switch over (0.4 s)" in text
    )
    assert text.endswith("policy deploy 3") or "expires" not in text.splitlines()[-1]


def test_what_a_skill_found_is_a_table(a_request: Any) -> None:
    rows = [
        {"service": "checkout", "version": "1.4.1", "up": True},
        {"service": "payments", "version": "2.0.10"},
    ]
    outcome = Outcome(
        kind="done", sentence="Looked.", result={"services": rows, "host": "demo", "note": "a\nb"}
    )
    assert (
        "services:\n"
        "service   version  up\n"
        "────────  ───────  ───\n"
        "checkout  1.4.1    yes\n"
        "payments  2.0.10   –\n"
        "host: demo\n"
        "a\nb"
    ) in read(card(a_request(State.DONE, outcome=outcome), buttons=BUTTONS))


def test_the_notification_says_the_state_and_what_is_asked(a_request: Any) -> None:
    assert card(a_request(missing=("@release",), expires_at=None), buttons=BUTTONS).text == (
        "Waiting for approval: deploy checkout 1.4.2 to staging, asked by <@UALICE>. "
        "Nothing runs before @release said yes. (r-42)"
    )


def test_the_metadata_names_request_and_state(a_request: Any) -> None:
    assert card(a_request(), buttons=BUTTONS).metadata == {
        "event_type": "assent_request",
        "event_payload": {"request_id": "r-42", "state": "waiting"},
    }


def test_a_plan_longer_than_the_card_can_only_be_approved_behind_details(
    a_request: Any, an_assessment: Any
) -> None:
    many = tuple(Change(what=f"service {i}", before="1", after="2") for i in range(40))
    request = a_request(assessment=an_assessment(plan={"changes": many}))
    shown = card(request, buttons=BUTTONS)
    text = read(shown)
    assert not shown.whole
    assert "… and 30 more changes" in text
    assert "The plan is longer than a card." in text
    assert "[Deny…] [Read the whole plan] [⋯]" in text
    made = press(_pressed(shown, "details"), _button(shown, "details"), BUTTONS)
    view = details(request, press=made, buttons=BUTTONS, command="/assent")
    assert "service 39: 1 → 2" in json.dumps(view, ensure_ascii=False)
    assert any(one.get("action_id") == "approve" for b in view["blocks"] for one in b.get("elements", ()))


def test_a_plan_too_long_to_read_in_slack_cannot_be_approved_there(
    a_request: Any, an_assessment: Any
) -> None:
    request = a_request(assessment=an_assessment(plan={"details": "x" * 400_000}))
    shown = card(request, buttons=BUTTONS)
    made = press(_pressed(shown, "details"), _button(shown, "details"), BUTTONS)
    view = details(request, press=made, buttons=BUTTONS, command="/assent")
    assert "Too long to read here, so it cannot be approved." in json.dumps(view)
    assert '"approve"' not in json.dumps(view)
    assert view_faults(view, "modal") == []


@pytest.mark.parametrize("state", list(State), ids=lambda state: state.value)
def test_every_state_keeps_the_skeleton_and_has_its_buttons(
    state: State, a_request: Any, a_vote: Any
) -> None:
    shown = card(a_request(state, votes=(a_vote("bob"),)), buttons=BUTTONS)
    assert 5 <= len(shown.blocks) <= 8
    assert [block["block_id"] for block in shown.blocks][:4] == ["head", "status", "facts", "plan"]
    assert [one["action_id"] for one in shown.blocks[-2]["elements"]] == list(offered(state))
    _accepted(shown)


def test_outside_text_cannot_ping_hide_or_draw_lines_of_its_own(a_request: Any, an_assessment: Any) -> None:
    request = a_request(assessment=an_assessment(plan={"summary": HOSTILE}), notes=(HOSTILE,))
    text = read(card(request, buttons=BUTTONS))
    assert "<!channel>" not in text
    assert "&lt;!channel&gt; &amp; ˋcodeˋ" in text
    assert "[U+202E]" in text
    assert "[U+200B][U+0000]" in text
    assert "\n*Approved by everybody*" not in text
    assert "more characters" in text


# What policies may decide besides


def glass(**more: Any) -> RequireApproval:
    broken = BrokenGlass(
        rule="deployments/freeze",
        notify=(Group("sre"),),
        review_by=(Group("mgmt"),),
        review_within_s=3 * 86_400,
    )
    seats = (Seat(group=Group("sre"), count=2),)
    return RequireApproval(
        because=(
            Because(rule="deployments/freeze+override", why="The glass was broken: there is a freeze."),
        ),
        requirements=(Requirement(rule="deployments/freeze+override", stage="override", all_of=seats),),
        broken_glass=(broken,),
        **more,
    )


def test_broken_glass_cannot_be_overlooked(a_request: Any, an_assessment: Any, an_invocation: Any) -> None:
    call = an_invocation(reason="customers cannot pay", incident="INC-42", break_glass=True)
    request = a_request(
        invocation=call, assessment=an_assessment(call=call, decision=glass()), missing=("2 × @sre",)
    )
    shown = card(request, buttons=BUTTONS)
    text = read(shown)
    assert text.startswith("🚨 Break-glass: deploy checkout 1.4.2 to staging\n🟡 *Break-glass · Waiting")
    assert (
        "🚨 *The glass is broken.* It overrides the no of deployments/freeze. Told when it is granted: @sre. "
        "Reviewed within 3 days by @mgmt." in text
    )
    assert "*Reason*: customers cannot pay\n*Incident*: INC-42" in text
    assert "deployments/freeze, overridden: The glass was broken" in text
    assert shown.text.startswith("Break-glass · Waiting for approval: deploy checkout")
    _accepted(shown)


def test_glass_that_overrides_nothing_is_not_shouted(
    a_request: Any, an_assessment: Any, an_invocation: Any
) -> None:
    call = an_invocation(reason="why", incident="INC-42", break_glass=True)
    planned = a_request(State.PLANNING, invocation=call, assessment=None)
    assert "Break-glass" in read(card(planned, buttons=BUTTONS))
    judged = a_request(invocation=call, assessment=an_assessment(call=call))
    assert "Break-glass" not in read(card(judged, buttons=BUTTONS))


def test_what_was_earned_is_said_with_its_record(a_request: Any, an_assessment: Any) -> None:
    record = "Two people look. Earned, so auto-approved: 41 of 41 verified, lower bound 0.91 ≥ 0.90."
    allowed = Allow(because=(Because(rule="deployments/two-people+earned", why=record),))
    text = read(card(a_request(State.APPROVED, assessment=an_assessment(decision=allowed)), buttons=BUTTONS))
    assert "🟢 *Allowed.*" in text
    assert f"deployments/two-people, earned: {record}" in text


def test_vetoes_noes_and_who_is_left_out_are_named(a_request: Any, an_assessment: Any) -> None:
    decision = RequireApproval(
        because=(Because(rule="p/g", why="it matters"),),
        requirements=(
            Requirement(
                rule="p/g",
                all_of=(Seat(group=Group("release")),),
                any_of=(Seat(group=Group("sre")), Seat(person=Principal("mia"))),
                exclude=("requester", "author"),
                barred=(Principal("bob"),),
                reason=True,
            ),
        ),
        denials=2,
        veto=(Group("security"),),
        escalation=(
            Escalation(after_s=3600, remind=True),
            Escalation(after_s=7200, add=(Group("leads"),)),
            Escalation(after_s=9000, page=(Group("sre"),)),
        ),
    )
    measured = Measured(name="error rate", observed="error_rate", at_most=0.01)
    request = a_request(assessment=an_assessment(decision=decision, done=(measured,), asks=ASKS), escalated=2)
    shown = card(request, buttons=BUTTONS)
    assert (
        "→ @release or @leads, @sre or @leads, mia or @leads\nnot bob, whose own work it is\n"
        "one no of @security ends it\n2 noes end it" in read(shown)
    )
    assert "➕ Nobody answered, so @leads may answer too." in read(shown)
    view = details(request, press=_a_press(shown), buttons=BUTTONS, command="/assent")
    told = json.dumps(view, ensure_ascii=False)
    assert view_faults(view, "modal") == []
    assert "review: @release or @leads, and @sre or @leads or mia or @leads, with a reason (`p/g`)" in told
    assert (
        "✓ after 1 h: a reminder\\n✓ after 2 h: @leads may answer too\\n• after 150 min: paged: @sre" in told
    )
    assert "*Measured afterwards, as the policy wants*\\n• error rate: at most 0.01" in told
    assert "*Asks, by the worker*\\n• prometheus: http://prom.acme.test (a &lt;b&gt;)" in told


@pytest.mark.parametrize(
    ("closed", "line", "first"),
    [
        ({}, f"🔎 Needs review by @mgmt until {UNTIL}", "review"),
        (
            {"closed_by": "carol", "closed_at": NOON, "finding": "It was <right>."},
            "🔎 Reviewed by carol <!date^1772452800^{date_short_pretty} at {time}|2026-03-02 12:00 UTC>: "
            "It was &lt;right&gt;.",
            "details",
        ),
    ],
    ids=["open", "closed"],
)
def test_broken_glass_is_reviewed_on_its_card(
    closed: dict[str, Any], line: str, first: str, a_request: Any, an_assessment: Any
) -> None:
    review = Review(by=(Group("mgmt"),), due=NOON + timedelta(hours=4), **closed)
    outcome = Outcome(kind="done", sentence="It is live.")
    judged = an_assessment(decision=glass())
    shown = card(a_request(State.DONE, review=review, outcome=outcome, assessment=judged), buttons=BUTTONS)
    assert line in read(shown)
    assert shown.blocks[-2]["elements"][0]["action_id"] == first
    _accepted(shown)
    opened = reviewing(_a_press(shown), a_request(State.DONE, review=review, assessment=judged))
    assert view_faults(opened, "modal") == []


def test_details_say_how_strongly_the_steps_were_held(a_request: Any, an_entry: Any) -> None:
    journal = [an_entry("began", "first", tier="bubblewrap"), an_entry("began", "second", tier="processes")]
    request = a_request(State.RUNNING, journal=tuple(journal))
    shown = card(request, buttons=BUTTONS)
    view = details(request, press=_a_press(shown), buttons=BUTTONS, command="/assent")

    told = json.dumps(view, ensure_ascii=False)
    assert view_faults(view, "modal") == []
    assert "Sandbox: `bubblewrap`, namespaces of its own" in told
    assert "Sandbox: `processes`, not walled in" in told


def _a_press(shown: Card) -> Press:
    return press(_pressed(shown, "details"), _button(shown, "details"), BUTTONS)


anything = st.text(max_size=300) | st.sampled_from(
    (HOSTILE, "&" * 5000, '"' * 9000, "\\\n" * 3000, "", "一" * 4000)
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), state=st.sampled_from(list(State)))
def test_slack_accepts_the_card_and_its_modals_whatever_the_record_holds(
    data: st.DataObject, state: State, a_request: Any, an_assessment: Any, an_invocation: Any,
    a_vote: Any, an_entry: Any,
) -> None:  # fmt: skip
    def text() -> str:
        return data.draw(anything)

    call = an_invocation(inputs={text(): text() for _ in range(3)})
    changes = tuple(Change(what=text(), before=text(), after=text()) for _ in range(12))
    judged = an_assessment(
        call=call,
        plan={"summary": text(), "changes": changes, "details": text(), "undo": text()},
        risk_why=(text(),),
        policy=text(),
    )
    outcome = Outcome(
        kind="done",
        sentence=text(),
        checks=tuple(Check(name=text(), expected=text(), observed=text(), met=None) for _ in range(5)),
        result={text(): [{text(): text()} for _ in range(30)], text(): text()},
    )
    journal = tuple(an_entry("began", text() or "s", title=text()) for _ in range(20))
    request = a_request(
        state,
        invocation=call,
        assessment=judged,
        outcome=outcome,
        journal=journal,
        notes=(text(),) * 5,
        missing=(text(),) * 12,
        asked_by=text(),
        votes=tuple(a_vote("bob", "deny", reason=text()) for _ in range(10)),
    )
    shown = card(request, buttons=BUTTONS)
    _accepted(shown)
    made = press(_pressed(shown, "details"), {"action_id": "details", "value": "r-42.1.x"}, BUTTONS)
    assert view_faults(details(request, press=made, buttons=BUTTONS, command="/assent"), "modal") == []
    assert view_faults(deny(made, text()), "modal") == []


def _accepted(shown: Card) -> None:
    assert message_faults(shown.blocks) == []
    assert not too_long(shown.blocks)
    assert len(shown.text) <= 4000
    for block in Block.parse_all(shown.blocks):
        block.validate_json()


def _button(shown: Card, name: str) -> dict[str, Any]:
    return next(one for one in shown.blocks[-2]["elements"] if one["action_id"] == name)


def _pressed(shown: Card, name: str) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "team": {"id": "T1"},
        "user": {"id": "UBOB"},
        "channel": {"id": "C1"},
        "container": {"type": "message", "channel_id": "C1", "message_ts": "1.2"},
    }
