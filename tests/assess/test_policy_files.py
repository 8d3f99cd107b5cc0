"""Documents that must not decide anything: each mistake with its place, and what would be right."""

from __future__ import annotations

import pytest

from .writing import HEAD, gates, problems

GOOD = HEAD.format(name="p") + gates(
    'ok | request.environment == "staging" | allow: true',
    "look | true | require: {all_of: [{group: sre, count: 1}]}",
)
PEOPLE = """\
people:
  alice: {slack: [U0ALICE], email: alice@acme.example}
  bob: {slack: [U0BOB]}
groups:
  sre: slack
  release: [alice]
"""
MORE = {
    "weekly": "freeze_windows:\n  - {id: w, tz: UTC, weekly: Fri 15:00 - Mon 07:00}\n",
    "budget": 'budgets:\n  - {scope: team, period: month, limit_usd: "400"}\n',
    "risk": "risk:\n  - {add: 20, when: request.destructive, why: it destroys}\n",
    "tests": (
        "tests:\n  base: {request.skill: deploy, actor.principal: a, request.environment: staging}\n"
        "  rows:\n    - [staging, {}, require, [look], 1]\n"
    ),
}


def test_good_documents_have_no_problems() -> None:
    assert problems({"policies/p.yaml": GOOD + "".join(MORE.values()), "policies/people.yaml": PEOPLE}) == []


BROKEN = {
    "an unknown key": (("why: Why ok", "whyy: Why ok"), '8:5: unknown key "whyy". Did you mean why?'),
    "a missing reason": (("    why: Why ok.\n", ""), '7:5: "why" is missing'),
    "another name than the file's": (("policy: p", "policy: q"), "1:1: q is in the file p"),
    "a version that is text": (("version: 1", 'version: "1"'), '2:1: "version": should be a whole number'),
    "no gates": ((GOOD[GOOD.index("gates:") :], "gates: []\n"), '6:1: "gates"'),
    "a gate with two effects": (
        ("allow: true", "allow: true\n    deny: no"),
        'item 1 of "gates": a gate has exactly one of allow: true, deny: text',
    ),
    "a gate with none": (("    allow: true\n", ""), "a gate has exactly one of allow: true, deny: text"),
    "allow: false": (("allow: true", "allow: false"), '10:5: "allow": should be true. Write true'),
    "two gates of one id": (("id: look", "id: ok"), "11:5: two gates have the id ok. Give each its own."),
    "an unknown fact": (
        ("request.environment ==", "request.enviroment =="),
        "Did you mean request.environment?",
    ),
    "a word the fact never is": (('"staging"', '"prd"'), '9:5: request.environment is never "prd"'),
    "a skill the policy does not apply to": (
        ('request.environment == "staging"', 'request.skill == "deplyo"'),
        'request.skill is never "deplyo" (column 15 of \'request.skill == "deplyo"\'). Did you mean deploy?',
    ),
    "nobody is asked": (("all_of: [{group: sre, count: 1}]", "all_of: []"), "14:5: nobody is asked"),
    "nobody is asked at all": (("{all_of: [{group: sre, count: 1}]}", "{}"), "14:5: nobody is asked"),
    "a count of none": (("count: 1", "count: 0"), '"count": should be greater than or equal to 1'),
    "a seat for nobody": (
        ("{group: sre, count: 1}", "{count: 1}"),
        "a seat is one group (with a count), or one",
    ),
    "a person counted twice": (
        ("{group: sre, count: 1}", "{person: alice, count: 2}"),
        "one person cannot answer more than once",
    ),
    "an unknown group": (("group: sre", "group: srs"), "people.yaml has no group srs"),
    "a group with an @": (("group: sre", 'group: "@sre"'), "@sre is written with an @. Write sre."),
    "an unknown person": (
        ("{group: sre, count: 1}", "{person: alcie}"),
        "does not know alcie. Did you mean alice?",
    ),
    "more than the group has": (
        ("{group: sre, count: 1}", "{group: release, count: 2}"),
        "2 of release are asked, and it has 1",
    ),
    "more different people than there are": (
        ("{group: sre, count: 1}", "{group: release}, {person: alice}"),
        "2 different people are asked, and only 1 can fill these seats",
    ),
    "an unknown relation": (
        ("count: 1}]", "count: 1}], exclude: [friend]"),
        "should be 'requester', 'author', 'last_committer' or 'beneficiary'. Write [requester]",
    ),
    "a stage nobody has": (("count: 1}]", "count: 1}], after: safty"), "no gate has the stage safty"),
    "a stage after itself": (("count: 1}]", "count: 1}], after: review"), "a stage cannot come after itself"),
    "silence that approves": (
        ("version: 1", "version: 1\non_silence: approve"),
        "3:1: \"on_silence\": should be 'deny'. Silence never approves",
    ),
    "an expiry without a unit": (("version: 1", "version: 1\nexpires_after: 4"), "such as 30m, 4h or 2d"),
    "nobody may request": (
        ("version: 1", "version: 1\nmay_request: []"),
        "Leave it out for every full member",
    ),
    "an unknown zone": (
        ("tz: UTC", "tz: Europe/Belrin"),
        "there is no time zone Europe/Belrin. Did you mean Europe/Berlin?",
    ),
    "a span that is none": (
        ("Fri 15:00 - Mon 07:00", "Friday - Monday"),
        "Write it like Fri 15:00 - Mon 07:00.",
    ),
    "an hour that is none": (("Fri 15:00", "Fri 25:00"), "Fri 25:00 - Mon 07:00 is no span of a week"),
    "a window without times": (("weekly: Fri 15:00 - Mon 07:00", "why: x"), "or both from: and to:"),
    "a window that ends first": (
        ("weekly: Fri 15:00 - Mon 07:00", "from: 2026-02-02T00:00, to: 2026-02-01T00:00"),
        "a freeze window ends after it starts",
    ),
    "a window with its own offset": (
        ("weekly: Fri 15:00 - Mon 07:00", "from: 2026-02-01T00:00+01:00, to: 2026-02-02T00:00"),
        '"from": should not have timezone info',
    ),
    "money that is a float": (('limit_usd: "400"', "limit_usd: 400.5"), "money is dollars in quotes"),
    **{
        f"money that is {amount}": ((MORE["budget"][-7:-2], f'"{amount}"'), right)
        for amount, right in {
            "1e99": '18:34: "limit_usd": money is at most 9000000000 dollars',
            "9007199255": '18:34: "limit_usd": money is at most 9000000000 dollars',
            "nan": '18:34: "limit_usd": money is dollars in quotes, such as "0.10"',
            "inf": '18:34: "limit_usd": money is dollars in quotes, such as "0.10"',
            "Infinity": '18:34: "limit_usd": money is dollars in quotes, such as "0.10"',
            "-1": '18:34: "limit_usd": money is zero or more dollars',
            "0.0000001": '18:34: "limit_usd": money is zero or more dollars with at most six decimals',
        }.items()
    },
    **{
        f"a version that is {number}": (("version: 1", f"version: {number}"), f'2:1: "version": {right}')
        for number, right in {
            "9007199254740992": "a whole number is at most 9007199254740991: larger",
            "99999999999999999999999999": "a whole number is at most 9007199254740991",
            "1e999": "should be a whole number",
            ".nan": "should be a whole number",
            ".inf": "should be a whole number",
        }.items()
    },
    "a budget of the wrong scope": (
        ("scope: team", "scope: team, skill: deploy"),
        "skill: belongs to scope: skill",
    ),
    "a budget twice": (
        (MORE["budget"], MORE["budget"] * 1 + '  - {scope: team, period: month, limit_usd: "1"}\n'),
        "this budget is here twice",
    ),
    "a risk row about risk": (
        ("when: request.destructive", "when: request.risk > 3"),
        "it cannot look at it",
    ),
    "a table about no fact": (
        ("request.environment: staging}", "request.enviroment: staging}"),
        "Did you mean request.environment?",
    ),
    "a table with a wrong value": (
        ("request.environment: staging}", "request.environment: prd}"),
        "'development', 'staging' or 'production'",
    ),
    "a table about no gate": (("[look], 1]", "[lok], 1]"), "there is no gate lok"),
    "a table without who asks": (
        (", actor.principal: a", ""),
        "actor is missing. request.skill and actor.principal have no worst value",
    ),
    **{
        f"a let called {word}": (
            ("gates:", f"let: {{{word}: request.destructive}}\ngates:"),
            f"6:7: {word} means something else in conditions. Call it otherwise, such as is_{word}.",
        )
        for word in ("size", "in", "has", "exists", "timestamp", "request", "plan", "loop")
    },
    "a skill that is none": (("[deploy]", "[Deploy It]"), '"Deploy It" is no skill'),
}


@pytest.mark.parametrize(("change", "expected"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_policy_says_where_and_what_would_be_right(change: tuple[str, str], expected: str) -> None:
    text = GOOD + "".join(MORE.values())
    assert text.count(change[0]) >= 1
    said = problems({"policies/p.yaml": text.replace(*change, 1), "policies/people.yaml": PEOPLE})
    assert any(expected in line for line in said), said
    assert all(line.startswith("policies/p.yaml:") for line in said)


def test_stages_that_wait_for_each_other_are_found_across_policies() -> None:
    one = HEAD.format(name="p") + gates("a | true | require: {stage: x, after: y, all_of: [{group: sre}]}")
    two = HEAD.format(name="q") + gates("b | true | require: {stage: y, after: x, all_of: [{group: sre}]}")
    assert problems({"policies/p.yaml": one}) == [
        "policies/p.yaml:10:25: no gate has the stage y. Stages are: x."
    ]
    said = problems({"policies/p.yaml": one, "policies/q.yaml": two})
    assert [line.partition(": ")[2] for line in said] == [
        "stage x would wait for itself. Take one `after` out of the circle.",
        "stage y would wait for itself. Take one `after` out of the circle.",
    ]


def test_every_problem_is_told_at_once() -> None:
    text = GOOD.replace('"staging"', '"prd"').replace("id: look", "id: ok")
    assert len(problems({"policies/p.yaml": text})) == 2


def test_a_folder_without_a_policy_arms_nothing() -> None:
    assert problems({"policies/people.yaml": PEOPLE}) == [
        "policies:1:1: there is no policy. Add one: without any, nothing may run."
    ]


def test_two_files_of_one_name_cannot_hide_each_other() -> None:
    assert problems({"policies/p.yaml": GOOD, "policies/p.yml": GOOD}) == [
        "policies/p.yml:1:1: policies/p.yaml has the same name. Keep one: they would hide each other."
    ]


@pytest.mark.parametrize("text", ["", "just words", "- a\n- list", "42"])
def test_a_document_that_is_no_policy(text: str) -> None:
    assert problems({"policies/p.yaml": text})


PEOPLE_BROKEN = {
    "an account of two": (("[U0BOB]", "[U0BOB, U0ALICE]"), "U0ALICE already belongs to alice"),
    "an address of two": (
        ("bob: {slack: [U0BOB]}", "bob: {email: Alice@ACME.example}"),
        "already belongs to alice",
    ),
    "nobody behind a name": (("{slack: [U0BOB]}", "{}"), "bob has no account"),
    "a Slack id that is none": (("U0BOB", "bob"), "A member id begins with U or W"),
    "an unlisted member": (
        ("release: [alice]", "release: [alcie]"),
        "alcie is not listed under people. Did you mean alice?",
    ),
    "an empty group": (("release: [alice]", "release: []"), "release has no members"),
    "an unknown key": (("groups:", "gruops:"), "Did you mean groups?"),
}


@pytest.mark.parametrize(("change", "expected"), PEOPLE_BROKEN.values(), ids=PEOPLE_BROKEN.keys())
def test_a_broken_roster_arms_nothing(change: tuple[str, str], expected: str) -> None:
    said = problems({"policies/p.yaml": GOOD, "policies/people.yaml": PEOPLE.replace(*change)})
    assert any(expected in line for line in said), said
    assert any(line.startswith("policies/people.yaml:") for line in said)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version: a\nunits: {x: {usd: 0.5}}\n", "a price is dollars in quotes"),
        ('version: a\nunits: {x: {usd: "-1"}}\n', "a price is zero or more dollars"),
        ('version: a\nunits: {x: {usd: "NaN"}}\n', "a price is dollars in quotes"),
        ('version: a\nunits: {x: {usd: "1", per: 0}}\n', "greater than or equal to 1"),
        ("units: {}\n", '"version" is missing'),
    ],
)
def test_a_broken_price_card_arms_nothing(text: str, expected: str) -> None:
    said = problems({"policies/p.yaml": GOOD, "policies/prices.yaml": text})
    assert any(expected in line and line.startswith("policies/prices.yaml:") for line in said), said
