"""`people.yaml`: groups that are more than a list, and who is away; each mistake with its place."""

from __future__ import annotations

import pytest

from bot.assess.groups import Calendar, PagerDuty, Rotation
from bot.assess.policy import Policies
from bot.assess.policy_shifts import shifts
from bot.terms import Group

from .writing import HEAD, ROOT, document, gates, problems

POLICY = HEAD.format(name="p") + gates("look | true | require: {all_of: [{group: sre, count: 1}]}")
PEOPLE = """\
people:
  alice: {slack: [U0ALICE]}
  bob: {slack: [U0BOB]}
groups:
  sre: slack
"""
GOOD = """\
  listed: [alice]
  release: {members: [alice, bob], delegation: allowed}
  owners: {members: slack, delegation: refused}
  turns:
    schedule: file
    rotation: [alice, bob]
    start: 2026-01-05T09:00
    tz: Europe/Berlin
    every: 7d
    overrides:
      - {from: 2026-01-06T18:00, to: 2026-01-07T08:00, person: alice}
  feed: {schedule: ical, url: "https://calendar.example/secret.ics"}
  beside: {schedule: ical, path: oncall/sre.ics, tz: Europe/Berlin}
  pages: {schedule: pagerduty, id: PABC123, token_env: PAGERDUTY_TOKEN}
out_of_office:
  alice:
    - {from: 2026-08-01T00:00, to: 2026-08-15T00:00, delegate: bob}
    - {from: 2026-12-24T00:00, to: 2027-01-02T00:00, tz: Europe/Berlin}
delegates: {alice: bob}
"""


def armed(more: str) -> Policies:
    return Policies.load(
        {
            "policies/p.yaml": document(POLICY, "policies/p.yaml"),
            "policies/people.yaml": document(PEOPLE + more, "policies/people.yaml"),
        }
    )


def test_every_kind_of_group_is_read() -> None:
    roster = armed(GOOD).roster
    assert roster.members("listed") == {"alice"}
    assert roster.members("release") == {"alice", "bob"}
    assert roster.members("owners") is None
    assert [roster.members(group) for group in ("turns", "feed", "pages")] == [None, None, None]
    kinds = [type(roster.schedule(group)) for group in ("turns", "feed", "beside", "pages", "release")]
    assert kinds == [Rotation, Calendar, Calendar, PagerDuty, type(None)]
    allowed = [group for group in roster.groups if roster.delegable(group)]
    assert allowed == ["release"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("  x: slak", "6:3: \"x\": should be 'slack'"),
        ("  x: [alcie]", "6:7: alcie is not listed under people. Did you mean alice?"),
        ("  x: {members: [alice, bbob]}", "6:24: bbob is not listed under people. Did you mean bob?"),
        ("  x: {members: []}", "6:7: nobody is listed"),
        ("  x: {delegation: allowed}", '6:3: "members" is missing'),
        ("  x: {members: [bob], delegation: yes}", "\"delegation\": should be 'allowed' or 'refused'"),
        ("  x: {schedule: pagerdty, id: P1}", '6:3: "x": a schedule is one of file, ical, pagerduty'),
        (
            "  x: {schedule: file, rotation: [bob], start: 2026-01-05T09:00, tz: UTC, every: 7d, evry: 7d}",
            '6:85: unknown key "evry". Did you mean every?',
        ),
        (
            "  x: {schedule: file, rotation: [bob], start: 2026-01-05T09:00, tz: UTC, every: 7}",
            '"every": a duration is a whole number and a unit, such as 30m, 4h or 2d',
        ),
        (
            "  x: {schedule: file, rotation: [bob], start: 2026-01-05T09:00, tz: Europe/Berln, every: 7d}",
            "6:65: there is no time zone Europe/Berln. Did you mean Europe/Berlin?",
        ),
        (
            "  x: {schedule: file, rotation: [bob], start: 2026-01-05T09:00, tz: UTC, every: 7d,\n"
            "      overrides: [{from: 2026-01-06T09:00, to: 2026-01-07T09:00, person: bob},\n"
            "                  {from: 2026-01-07T08:00, to: 2026-01-08T09:00, person: bob}]}",
            "8:19: it begins before another has ended. The one before ends at 2026-01-07 09:00.",
        ),
        ("  x: {schedule: ical}", "a calendar has path: (beside the policies) or url:, and not both"),
        ("  x: {schedule: ical, path: ../x.ics}", "6:23: ../x.ics leads out of the policies"),
        ("  x: {schedule: ical, url: http://a.example/x}", "6:23: it is not an https:// address"),
        (
            "  x: {schedule: pagerduty, id: PA1, token_env: SLACK_BOT_TOKEN}",
            '6:37: "token_env": string should',
        ),
        (
            "out_of_office: {alice: [{from: 2026-01-05T09:00, to: 2026-01-06T09:00}]}",
            "6:25: nobody may take the seat of alice meanwhile. Add delegate: here, or alice: under",
        ),
        (
            "out_of_office: {alice: [{from: 2026-01-05T09:00, to: 2026-01-04T09:00, delegate: bob}]}",
            "to: must come after from:",
        ),
        (
            "out_of_office: {alice: [{from: 2026-01-05T09:00, to: 2026-01-06T09:00, delegate: alice}]}",
            "6:72: alice cannot stand in for themselves. Name somebody else.",
        ),
        ("out_of_office: {alcie: []}", "6:17: alcie is not listed under people. Did you mean alice?"),
        ("delegates: {alice: bbob}", "6:13: bbob is not listed under people. Did you mean bob?"),
    ],
)
def test_a_mistake_is_told_where_it_stands_with_what_would_be_right(line: str, said: str) -> None:
    found = problems({"policies/p.yaml": POLICY, "policies/people.yaml": f"{PEOPLE}{line}\n"})
    assert len(found) == 1
    assert found[0].startswith("policies/people.yaml:")
    assert said in found[0]


def test_whoever_compares_two_files_is_told_of_turns_and_delegates() -> None:
    old, new = armed(""), armed(GOOD)
    said = {shift.part for shift in shifts(old, new)}
    assert {"people/turns", "people/feed", "people/release", "people/alice"} <= said
    assert list(shifts(new, new)) == []


def test_a_group_handle_that_is_not_named_is_one_of_slacks() -> None:
    assert armed(GOOD).roster.schedule(Group("somebody-elses")) is None


def test_the_example_in_the_document_loads() -> None:
    text = (ROOT / "docs" / "people.md").read_text()
    example = text.partition("```yaml\n")[2].partition("```")[0]
    assert (
        problems({"policies/p.yaml": POLICY.replace("sre", "on-call"), "policies/people.yaml": example}) == []
    )
