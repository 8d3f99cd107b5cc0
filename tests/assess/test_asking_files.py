"""Overrides, records, escalations and who they ask: each mistake with its place, and what would be right."""

from __future__ import annotations

import pytest

from .writing import problems

GOOD = """\
policy: p
version: 1
owner: "@platform"
purpose: What the test is about.
applies_to: [deploy, "rotate@2"]
expires_after: 2h
let:
  harmless: request.risk < 40 && !request.destructive
gates:
  - id: freeze
    why: Nobody is there.
    when: size(freeze.active) > 0
    deny: There is a freeze.
    override:
      all_of: [{group: sre}]
      notify: [leads]
      review_by: [leads]
      ttl: 45m
  - id: look
    why: Two look.
    when: harmless
    require:
      all_of: [{group: owners, count: 2}]
      veto: [sre]
      deny: 2
    earned:
      runs: 40
      success_lb: 0.9
      instead: {all_of: [{group: owners}]}
escalation:
  - {after: 30m, remind: needed}
  - {after: 1h, add: [leads], to: review, page: [sre]}
done:
  deploy: [{name: health, observed: health, equals: ok}]
"""
PEOPLE = """\
people:
  alice: {email: alice@acme.example}
  bob: {email: bob@acme.example}
  carol: {email: carol@acme.example}
groups:
  owners: [alice, bob, carol]
  pair: [alice, bob]
  leads: [carol]
  oncall: slack
  sre: slack
"""


def test_all_of_it_together_is_good() -> None:
    assert problems({"policies/p.yaml": GOOD, "policies/people.yaml": PEOPLE}) == []


BROKEN = {
    "an override of more than an hour": (
        ("ttl: 45m", "ttl: 61m"),
        '18:7: "ttl": an override lasts an hour at most: 1h',
    ),
    "an override that asks nobody": (
        ("all_of: [{group: sre}]\n      notify", "all_of: []\n      notify"),
        "14:5: nobody is asked. An empty list is not everybody: name a group or a person.",
    ),
    "an override that nobody is told of": (
        ("notify: [leads]", "notify: []"),
        '16:7: "notify": needs at least one',
    ),
    "an override that nobody looks at": (
        ("      review_by: [leads]\n", ""),
        '14:5: "review_by" is missing',
    ),
    "an override that tells an unknown group": (
        ("notify: [leads]", "notify: [leds]"),
        "16:16: people.yaml has no group leds. Did you mean leads?",
    ),
    "an override that an unknown group looks at": (
        ("review_by: [leads]", "review_by: [leads, leds]"),
        "17:26: people.yaml has no group leds. Did you mean leads?",
    ),
    "an override by whoever asks": (
        ("      ttl: 45m", "      exclude: []"),
        "18:7: whoever breaks the glass would say yes to it themselves. Add requester to exclude",
    ),
    "an override of more people than there are": (
        ("all_of: [{group: sre}]\n      notify", "all_of: [{group: leads, count: 2}]\n      notify"),
        "15:16: 2 of leads are asked, and it has 1",
    ),
    "an override of a requirement": (
        (
            "    earned:\n",
            "    override: {all_of: [{group: sre}], notify: [sre], review_by: [sre]}\n    earned:\n",
        ),
        "override: belongs to a gate that denies",
    ),
    "a record of a denial": (
        ("    override:\n", "    earned: {runs: 9, success_lb: 0.9}\n    override:\n"),
        "earned: belongs to a gate that requires",
    ),
    "a record that destroys": (
        ("when: harmless", "when: request.risk < 40"),
        "26:5: what destroys something cannot earn fewer approvers. Add `&& !request.destructive`",
    ),
    "a record that may destroy": (
        ("when: harmless", "when: request.risk < 40 || harmless && !request.destructive"),
        "26:5: what destroys something cannot earn fewer approvers",
    ),
    "a record that destroys by another name": (
        ("harmless: request.risk < 40 && !request", "harmless: request.risk < 40 || !request"),
        "26:5: what destroys something cannot earn fewer approvers",
    ),
    "a record that changes nothing": (
        (
            "instead: {all_of: [{group: owners}]}",
            "instead: {all_of: [{group: owners, count: 2}], veto: [sre], deny: 2}",
        ),
        "29:7: this asks for the same as before",
    ),
    "a record that asks an unknown group": (
        ("instead: {all_of: [{group: owners}]}", "instead: {all_of: [{group: ownres}]}"),
        "29:26: people.yaml has no group ownres. Did you mean owners?",
    ),
    "a record whose stage waits for none": (
        ("instead: {all_of", "instead: {after: reviw, all_of"),
        "29:17: no gate has the stage reviw. Did you mean review?",
    ),
    "a record of too few runs": (
        ("runs: 40", "runs: 4"),
        '27:7: "runs": should be greater than or equal to 5',
    ),
    "a record that half fail": (
        ("success_lb: 0.9", "success_lb: 0.49"),
        '28:7: "success_lb": should be greater than or equal to 0.5',
    ),
    "a record that is never sampled": (
        ("      success_lb: 0.9\n", "      success_lb: 0.9\n      sample: 0.0\n"),
        '29:7: "sample": should be greater than 0',
    ),
    "a veto of an unknown group": (
        ("veto: [sre]", "veto: [sre, sra]"),
        "24:19: people.yaml has no group sra. Add it there.",
    ),
    "a veto written with an @": (
        ("veto: [sre]", 'veto: ["@sre"]'),
        "24:14: @sre is written with an @. Write sre.",
    ),
    "more noes than people": (
        ("deny: 2", "deny: 4"),
        "25:7: 4 people must say no to end it, and only 3 may. Lower it, or name who has a veto.",
    ),
    "noes of nobody": (("deny: 2", "deny: 0"), '25:7: "deny": should be greater than or equal to 1'),
    "a stage of overrides": (
        ("      veto: [sre]", "      stage: override"),
        "24:7: the stage override is that of overrides. Name it otherwise.",
    ),
    "a relation that is none": (
        ("      veto: [sre]", "      exclude: [autor]"),
        "should be 'requester', 'author', 'last_committer' or 'beneficiary'",
    ),
    "a reason that is half required": (
        ("veto: [sre]", "reason: maybe"),
        "should be 'optional' or 'required'",
    ),
    "an escalation after it has expired": (
        ("after: 30m", "after: 2h"),
        "31:6: by then the request has expired. Escalate earlier, or let it wait longer with expires_after.",
    ),
    "an escalation of nothing": (
        ("{after: 30m, remind: needed}", "{after: 30m}"),
        "a step of the escalation has remind: needed, add: [group] or page: [group]",
    ),
    "an escalation that asks for fewer": (
        ("remind: needed", "quorum: 1"),
        '31:18: unknown key "quorum"',
    ),
    "an escalation that approves": (("remind: needed", "approve: true"), 'unknown key "approve"'),
    "an escalation that adds an unknown group": (
        ("add: [leads]", "add: [leds]"),
        "32:23: people.yaml has no group leds. Did you mean leads?",
    ),
    "an escalation that pages an unknown group": (
        ("page: [sre]", "page: [sra]"),
        "people.yaml has no group sra. Add it there.",
    ),
    "an escalation of an unknown stage": (
        ("to: review", "to: reviw"),
        "32:31: no gate has the stage reviw. Did you mean review?",
    ),
    "a stage without people to add": (
        ("add: [leads], to: review, page: [sre]", "to: review, page: [sre]"),
        "to: says for which stage people are added, so it goes with add:",
    ),
    "silence that approves": (
        ("expires_after: 2h", "on_silence: approve"),
        "6:1: \"on_silence\": should be 'deny'. Silence never approves",
    ),
    "done of a skill it is not about": (
        ("done:\n  deploy", "done:\n  deplyo"),
        "34:3: this policy does not apply to deplyo. Did you mean deploy?",
    ),
    "done that checks nothing": (
        ("[{name: health, observed: health, equals: ok}]", "[]"),
        '34:3: "deploy": needs at least one',
    ),
}


@pytest.mark.parametrize(("change", "expected"), BROKEN.values(), ids=BROKEN.keys())
def test_a_mistake_says_where_and_what_would_be_right(change: tuple[str, str], expected: str) -> None:
    assert GOOD.count(change[0]) == 1, change[0]
    said = problems({"policies/p.yaml": GOOD.replace(*change), "policies/people.yaml": PEOPLE})
    assert any(expected in line for line in said), said
    assert all(line.startswith("policies/p.yaml:") for line in said)


ALONE = (
    GOOD.replace("let:\n", "may_request: [leads]\nlet:\n")
    .replace("all_of: [{group: owners, count: 2}]", "all_of: [{group: leads}]")
    .replace("      deny: 2\n", "")
)


def test_where_only_one_may_ask_that_one_is_not_who_answers() -> None:
    assert problems({"policies/p.yaml": ALONE, "policies/people.yaml": PEOPLE}) == [
        "policies/p.yaml:24:7: only carol may ask, and without whoever asks nobody is left for one of these "
        "seats. Add members, or let others ask."
    ]


@pytest.mark.parametrize(
    "change",
    [
        ("leads: [carol]", "leads: [carol, bob]"),
        ("leads: [carol]", "leads: slack"),
    ],
    ids=["another member", "members that Slack knows"],
)
def test_where_another_may_answer_it_is_fine(change: tuple[str, str]) -> None:
    assert problems({"policies/p.yaml": ALONE, "policies/people.yaml": PEOPLE.replace(*change)}) == []


def test_a_choice_that_can_be_answered_is_enough() -> None:
    choice = GOOD.replace(
        "all_of: [{group: sre}]\n      notify",
        "any_of: [{person: carol}, {group: pair, count: 2}]\n      notify",
    )
    assert problems({"policies/p.yaml": choice, "policies/people.yaml": PEOPLE}) == []


def test_seats_of_one_choice_are_for_different_people_too() -> None:
    both = GOOD.replace(
        "all_of: [{group: sre}]\n      notify",
        "all_of: [{group: leads}]\n      any_of: [{person: carol}]\n      notify",
    )
    assert problems({"policies/p.yaml": both, "policies/people.yaml": PEOPLE}) == [
        "policies/p.yaml:15:7: 2 different people are asked, and only 1 can fill these seats. "
        "Add members, or ask fewer."
    ]


@pytest.mark.parametrize("stage", ["override", "quick"])
def test_people_are_added_to_the_stage_of_an_override_or_of_a_record(stage: str) -> None:
    text = GOOD.replace("instead: {", "instead: {stage: quick, ").replace("to: review", f"to: {stage}")
    assert problems({"policies/p.yaml": text, "policies/people.yaml": PEOPLE}) == []
