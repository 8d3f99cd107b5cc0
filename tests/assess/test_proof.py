"""`assent policy prove`: what holds for every request, what one request refutes, and what nobody can say."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.assess.facts import Facts
from bot.assess.gate import decide
from bot.assess.policy import Policies
from bot.assess.policy_table import people_needed, run_table
from bot.assess.proof.proof import prove
from bot.assess.proof.verdict import Verdict

from .writing import HEAD, ROOT, document, facts, gates, policies, problems, shipped

ALLOW = "ok | true | allow: true"
TWO = "two | request.risk >= 10 | require: {all_of: [{group: a}, {group: b}]}"
ONE = "one | true | require: {all_of: [{group: a}]}"


FREEZE = """freeze | size(freeze.active) > 0 | deny: A freeze.
    override: {all_of: [{group: a}], notify: [b], review_by: [b]}"""
RECORD = """rec | true && !request.destructive | require: {all_of: [{group: a, count: 2}]}
    earned: {runs: 40, success_lb: 0.9}"""
INSTEAD = RECORD.replace("success_lb: 0.9", "success_lb: 0.9, instead: {all_of: [{group: a}]}")


def claims(*lines: str) -> str:
    """Invariants from `given | claim`."""
    said = ["invariants:"]
    for number, line in enumerate(lines):
        given, claim = line.split(" | ")
        said.append(f"  - {{id: i{number}, given: '{given}', {claim}}}")
    return "\n".join(said) + "\n"


def verdicts(body: str, **more: str) -> list[Verdict]:
    return list(prove(policies(p=body, **more)).verdicts)


def word(claim: str, *lines: str, **more: str) -> str:
    [verdict] = verdicts(gates(*lines) + claims(claim), **more)
    return verdict.word


CLAIMS = {
    "always allowed": ("true | only: allow", (ALLOW,), "PROVED"),
    "never denied": ("true | never: deny", (ALLOW,), "PROVED"),
    "never allowed": ("true | never: allow", (ALLOW,), "REFUTED"),
    "one kind of request is enough to refute": (
        "request.risk > 40 | only: allow",
        ("ok | request.risk != 99 | allow: true",),
        "REFUTED",
    ),
    "the edge belongs to the next": (
        "request.risk <= 9 | min_people: 1",
        (ALLOW, TWO),
        "REFUTED",
    ),
    "from the edge on": ("request.risk >= 10 | min_people: 2", (ALLOW, TWO), "PROVED"),
    "silence denies": ("request.risk < 5 | only: deny", ("ok | request.risk > 5 | allow: true",), "PROVED"),
    "silence denies and is not allowed": (
        "request.risk <= 6 | only: deny",
        ("ok | request.risk > 5 | allow: true",),
        "REFUTED",
    ),
    "an entry that is not there is an error, and denies": (
        "!has(request.inputs.ticket) | only: deny",
        (ALLOW, 'no | request.inputs.ticket == "x" | deny: No.'),
        "PROVED",
    ),
    "so it is not allowed everywhere else": (
        "request.inputs.size() < 1 || request.destructive | never: deny",
        (ALLOW, 'no | request.inputs.ticket == "x" | deny: No.'),
        "REFUTED",
    ),
    "an error that is absorbed does not deny": (
        "request.destructive | only: allow",
        (ALLOW, 'no | !request.destructive && request.inputs.ticket == "x" | deny: No.'),
        "PROVED",
    ),
    "division by zero is an error": (
        "request.risk == 0 | only: deny",
        (ALLOW, "no | 100 / request.risk > 200 | deny: No."),
        "PROVED",
    ),
    "two facts compared with each other": (
        "request.ceiling_usd > budget.left_usd | only: deny",
        (ALLOW, "no | budget.left_usd < request.ceiling_usd | deny: No."),
        "PROVED",
    ),
    "and their equality": (
        "request.ceiling_usd >= budget.left_usd | only: deny",
        (ALLOW, "no | budget.left_usd < request.ceiling_usd | deny: No."),
        "REFUTED",
    ),
    "three facts in a row": (
        "request.cost_usd < request.ceiling_usd && request.ceiling_usd < budget.left_usd | only: allow",
        ("ok | request.cost_usd < budget.left_usd | allow: true",),
        "PROVED",
    ),
    "a whole number between two others": (
        "request.risk > 39 && request.risk < 41 | only: allow",
        ("ok | request.risk == 40 | allow: true",),
        "PROVED",
    ),
    "a size and an element": (
        '"sre" in actor.groups | only: allow',
        ("ok | size(actor.groups) > 0 | allow: true",),
        "PROVED",
    ),
    "a size without the element": (
        "size(actor.groups) > 0 | only: allow",
        ('ok | "sre" in actor.groups | allow: true',),
        "REFUTED",
    ),
    "who asks among the owners": (
        "actor.principal in skill.owners | only: allow",
        ("ok | size(skill.owners) >= 1 | allow: true",),
        "PROVED",
    ),
    "arithmetic about a few whole numbers": (
        "request.risk >= 30 | only: allow",
        ("ok | request.risk * 2 - 10 >= 50 | allow: true",),
        "PROVED",
    ),
    "a named condition is looked into": (
        "request.risk < 10 | only: allow",
        ("ok | request.risk < 20 ? true : request.destructive | allow: true",),
        "PROVED",
    ),
    "a condition that is guessed, where it does not matter": (
        'actor.principal.matches("^[ab]+$") | never: require',
        (ALLOW,),
        "PROVED",
    ),
    "a condition that is guessed, with a request that was found": (
        'request.environment == "production" | never: allow',
        ('ok | plan.target.startsWith("demo/") | allow: true',),
        "REFUTED",
    ),
    "a condition that is guessed, and nothing was found": (
        "true | never: allow",
        ('ok | plan.target.matches("^x[0-9]{4}y$") | allow: true',),
        "UNKNOWN",
    ),
    "a contradiction that is only guessed": (
        'plan.target.startsWith("ab") && !plan.target.startsWith("a") | never: allow',
        (ALLOW,),
        "UNKNOWN",
    ),
    "what is never given": ("request.risk > 40 && request.risk < 40 | only: deny", (ALLOW,), "VACUOUS"),
    "a given that is only ever an error": ("1 / 0 == 1 | only: deny", (ALLOW,), "VACUOUS"),
    "people of several gates are different people": ("true | min_people: 3", (TWO, ONE), "REFUTED"),
    "people of all of them": ("request.risk >= 10 | min_people: 3", (TWO, ONE), "PROVED"),
    "the same demand twice is one person": (
        "true | min_people: 2",
        (ONE, ONE.replace("one", "b")),
        "REFUTED",
    ),
    "who may sit on both is one person": (
        "true | min_people: 2",
        (ONE, "b | true | require: {stage: s, distinct: false, all_of: [{group: b}]}"),
        "REFUTED",
    ),
    "the smallest choice counts": (
        "true | min_people: 2",
        ("c | true | require: {any_of: [{group: a, count: 3}, {group: b, count: 1}]}",),
        "REFUTED",
    ),
    "who asks may break glass but not answer for it": (
        "size(freeze.active) > 0 | min_people: 1",
        (ALLOW, FREEZE),
        "PROVED",
    ),
    "glass that is not broken denies": (
        "size(freeze.active) > 0 && !request.break_glass | only: deny",
        (ALLOW, FREEZE),
        "PROVED",
    ),
    "glass that is broken does not": ("size(freeze.active) > 0 | only: deny", (ALLOW, FREEZE), "REFUTED"),
    "nor without a reason": (
        'size(freeze.active) > 0 && request.reason == "" | only: deny',
        (ALLOW, FREEZE),
        "PROVED",
    ),
    "an override asks one person beside the others": (
        "size(freeze.active) > 0 | min_people: 3",
        (ONE.replace("{group: a}", "{group: a, count: 2}"), FREEZE),
        "PROVED",
    ),
    "the same group overrides with somebody else": (
        "size(freeze.active) > 0 | min_people: 2",
        (ONE, FREEZE),
        "PROVED",
    ),
    "what a record earns": ("true | never: allow", (RECORD,), "REFUTED"),
    "what destroys earns nothing": ("request.destructive | never: allow", (RECORD,), "PROVED"),
    "too short a record earns nothing": ("evidence.runs < 40 | min_people: 2", (RECORD,), "PROVED"),
    "nor does one run less than that": ("evidence.runs < 41 | min_people: 2", (RECORD,), "REFUTED"),
    "nor one just below the bound": ("evidence.success_lb < 0.9 | min_people: 2", (RECORD,), "PROVED"),
    "nor what is picked for review": ("evidence.draw < 0.1 | min_people: 2", (RECORD,), "PROVED"),
    "nor a record with a failure": ("evidence.failures_30d > 0 | min_people: 2", (RECORD,), "PROVED"),
    "a record asks others instead": ("true | min_people: 1", (INSTEAD,), "PROVED"),
    "and fewer of them": ("true | min_people: 2", (INSTEAD,), "REFUTED"),
    "whom nobody knows cannot be left out": (
        "size(plan.authors) == 0 | only: deny",
        (ONE.replace("[{group: a}]", "[{group: a}], exclude: [author]"),),
        "PROVED",
    ),
    "whom somebody knows can": (
        "size(plan.authors) == 1 | only: require",
        (ONE.replace("[{group: a}]", "[{group: a}], exclude: [author]"),),
        "PROVED",
    ),
    "two who leave out others are two people": (
        "size(plan.authors) > 0 | min_people: 2",
        (ONE, ONE.replace("one |", "b |").replace("[{group: a}]", "[{group: a}], exclude: [author]")),
        "PROVED",
    ),
    "a reason makes no second person": (
        "true | min_people: 2",
        (ONE, ONE.replace("one |", "b |").replace("[{group: a}]", "[{group: a}], reason: required")),
        "REFUTED",
    ),
    "nobody is asked where it is denied": ("true | min_people: 9", ("no | true | deny: No.",), "PROVED"),
}


@pytest.mark.parametrize(("claim", "lines", "expected"), CLAIMS.values(), ids=CLAIMS.keys())
def test_claim(claim: str, lines: tuple[str, ...], expected: str) -> None:
    assert word(claim, *lines) == expected


def test_a_refutation_is_a_request_that_was_really_decided() -> None:
    armed = policies(p=gates(ALLOW, TWO) + claims('request.environment == "production" | min_people: 2'))
    [verdict] = prove(armed).verdicts
    assert verdict.word == "REFUTED"
    assert verdict.said == "it is allowed by p/ok"
    assert verdict.example is not None
    assert verdict.example.facts["request.environment"] == "production"
    assert verdict.example.facts["request.risk"] < 10
    again = decide(armed, Facts.of(dict(verdict.example.facts)))
    assert (again.effect, people_needed(again)) == ("allow", 0)


def test_too_few_people_are_counted_in_words() -> None:
    [verdict] = verdicts(gates(ONE) + claims("true | min_people: 2"))
    assert verdict.said == "1 person is asked by p/one, and it takes 2"


def test_an_example_stays_near_the_tables_base() -> None:
    base = "tests: {base: {request.skill: deploy, actor.principal: mia, request.risk: 55}}\n"
    [verdict] = verdicts(
        gates(ALLOW) + claims("request.destructive || request.risk > 1 | never: allow") + base
    )
    assert verdict.example is not None
    shown = verdict.example.facts
    assert (shown["actor.principal"], shown["request.risk"]) == ("mia", 55)
    assert verdict.example.told_apart == ("request.destructive", "request.risk", "request.skill")


def test_what_another_policy_says_counts_too() -> None:
    denies = gates("no | request.destructive | deny: No.")
    assert word("true | never: deny", ALLOW) == "PROVED"
    assert word("true | never: deny", ALLOW, q=denies) == "REFUTED"
    assert word("true | min_people: 1", ALLOW, q=gates(ONE)) == "PROVED"


def test_a_policy_that_cannot_apply_at_the_same_time_does_not_count() -> None:
    other = gates("no | true | deny: No.")
    one = HEAD.format(name="p") + gates(ALLOW) + claims("true | only: allow")
    two = HEAD.format(name="q").replace("[deploy]", "[rotate, 'deploy@2']") + other
    files = {"policies/p.yaml": one, "policies/q.yaml": two}
    [verdict] = prove(Policies.load({file: document(text, file) for file, text in files.items()})).verdicts
    assert verdict.word == "REFUTED"
    assert verdict.example is not None
    assert str(verdict.example.facts["request.version"]).startswith("2")
    files["policies/q.yaml"] = two.replace(", 'deploy@2'", "")
    [verdict] = prove(Policies.load({file: document(text, file) for file, text in files.items()})).verdicts
    assert verdict.word == "PROVED"


def test_who_may_not_ask_is_denied() -> None:
    body = "may_request: [engineers]\n" + gates(ALLOW)
    said = claims(
        '"engineers" in actor.groups | only: allow',
        '!("engineers" in actor.groups) | only: deny',
        "true | never: deny",
    )
    assert [one.word for one in verdicts(body + said)] == ["PROVED", "PROVED", "REFUTED"]


def test_named_conditions_are_looked_into() -> None:
    body = 'let:\n  big: request.risk > 50\n  odd: request.inputs.x == "y"\n' + gates(
        ALLOW, "no | big && !(odd) | deny: No."
    )
    said = claims(
        "!big | only: allow", "request.risk > 50 | only: deny", "big && !has(request.inputs.x) | only: deny"
    )
    assert [one.word for one in verdicts(body + said)] == ["PROVED", "REFUTED", "PROVED"]


class TestLoops:
    """A condition that goes around in lists too often fails as a whole, also behind `true ||`."""

    NESTED = "ok | actor.groups.all(a, skill.owners.all(b, a != b)) || true | allow: true"

    @pytest.mark.parametrize(("length", "effect"), [(99, "allow"), (100, "deny")])
    def test_where_the_library_gives_up(self, length: int, effect: str) -> None:
        many = [f"a{number}" for number in range(length)]
        seen = facts(actor__groups=many, skill__owners=[f"b{number}" for number in range(100)])
        assert decide(policies(p=gates(self.NESTED)), seen).effect == effect

    def test_so_it_is_not_proved(self) -> None:
        assert word("true | never: deny", self.NESTED) == "UNKNOWN"

    def test_nor_for_many_loops_side_by_side(self) -> None:
        loops = [f'actor.groups.exists(a, a == "x{number}")' for number in range(10)]
        assert word("true | never: deny", f"ok | {' || '.join(loops)} || true | allow: true") == "UNKNOWN"
        assert word("true | never: deny", f"ok | {' || '.join(loops[1:])} || true | allow: true") == "PROVED"

    def test_a_loop_over_words_of_our_own_is_short(self) -> None:
        loop = '["a", "b"].exists(w, plan.target.contains(w)) || true'
        assert word("true | never: deny", f"ok | {loop} | allow: true") == "PROVED"


class TestGatesThatDoNothing:
    def report(self, *lines: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        report = prove(policies(p=gates(*lines)))
        return report.dead, report.shadowed

    def test_a_gate_that_never_matches(self) -> None:
        dead = "d | request.risk > 60 && request.risk < 50 | allow: true"
        assert self.report(ALLOW, dead) == (("p/d",), ())

    def test_a_skill_the_other_gates_never_see(self) -> None:
        both = 'd | request.version == "2.0.0" && request.version == "3.0.0" | deny: No.'
        assert self.report(ALLOW, both) == (("p/d",), ())

    def test_a_gate_behind_another(self) -> None:
        assert self.report(ALLOW, "s | request.risk > 60 | allow: true") == ((), ("p/s",))

    def test_the_same_demand_behind_another(self) -> None:
        assert self.report(ONE, ONE.replace("one | true", "s | request.risk > 3")) == ((), ("p/s",))

    def test_another_demand_is_not_behind_it(self) -> None:
        assert self.report(ONE, TWO) == ((), ())

    ADDING = (
        pytest.param("veto: [x]", id="a veto"),
        pytest.param("deny: 2", id="how many noes end it"),
        pytest.param("reason: required", id="a reason"),
        pytest.param("confirm: typed", id="typing"),
        pytest.param("exclude: [requester, author]", id="who is left out"),
    )

    @pytest.mark.parametrize("more", ADDING)
    def test_the_same_seats_with_more_beside_them_are_not_behind_it(self, more: str) -> None:
        """Either gate alone would let something be answered that together they do not."""
        other = ONE.replace("one | true", "s | true").replace("[{group: a}]", f"[{{group: a}}], {more}")
        report = self.report(ONE.replace("[{group: a}]", "[{group: a}], deny: 3"), other)
        assert "p/s" not in report[1]

    GLASS = "override: {all_of: [{group: a}], notify: [b], review_by: [b]}"

    def test_an_override_beside_a_deny_that_stands_changes_nothing(self) -> None:
        no = "no | request.risk > 60 | deny: No."
        assert self.report(ALLOW, f"{no}\n    {self.GLASS}") == ((), ())
        assert self.report(ALLOW, f"{no}\n    {self.GLASS}", no.replace("no |", "too |")) == (
            (),
            ("p/no", "p/no+override"),
        )

    def test_an_override_that_tells_others_is_not_behind_another(self) -> None:
        no = f"no | request.risk > 60 | deny: No.\n    {self.GLASS}"
        same = no.replace("no |", "too |")
        other = same.replace("notify: [b]", "notify: [c]")
        assert self.report(ALLOW, no, same)[1] == ("p/no", "p/no+override", "p/too", "p/too+override")
        assert self.report(ALLOW, no, other)[1] == ("p/no", "p/too")

    EARNED = """r | {} && !request.destructive | require: {{all_of: [{{group: a}}]}}
    earned: {{runs: 5, success_lb: 0.5}}"""

    def test_a_record_that_can_never_be_good_enough_is_dead(self) -> None:
        assert self.report(ALLOW, self.EARNED.format("true"))[0] == ()
        assert self.report(ALLOW, self.EARNED.format("evidence.runs < 5"))[0] == ("p/r+earned",)

    def test_a_record_beside_a_requirement_that_stands_changes_nothing(self) -> None:
        assert "p/r+earned" in self.report(ONE, self.EARNED.format("true"))[1]

    def test_what_guards_against_the_unknown_is_neither_dead_nor_in_vain(self) -> None:
        known = 'k | plan.last_committer != "" | require: {all_of: [{group: a}], exclude: [last_committer]}'
        assert self.report(ALLOW, known) == ((), ())
        silent = known.replace('plan.last_committer != ""', "true")
        assert self.report('no | plan.last_committer == "" | deny: No.', silent) == ((), ("p/no",))
        [verdict] = verdicts(gates(ALLOW, known) + "invariants: [{id: no-dead-gates}]\n")
        assert verdict.word == "PROVED"

    def test_a_gate_that_never_matches_is_told_once(self) -> None:
        never = f"d | request.risk > 60 && request.risk < 50 | deny: No.\n    {self.GLASS}"
        assert self.report(ALLOW, never) == (("p/d",), ())

    def test_a_gate_that_only_fails_is_dead_and_denies(self) -> None:
        fails = "e | 1 / (request.risk - request.risk) > 0 | allow: true"
        assert self.report(ALLOW, fails) == (("p/e",), ("p/ok",))

    def test_no_dead_gates_is_refuted_by_name(self) -> None:
        body = gates(ALLOW, "d | request.risk > 60 && request.risk < 50 | allow: true")
        [verdict] = verdicts(body + "invariants: [{id: no-dead-gates}]\n")
        assert (verdict.word, verdict.said) == ("REFUTED", "p/d: no request matches")

    def test_no_dead_gates_is_proved_by_a_match_of_each(self) -> None:
        [verdict] = verdicts(gates(ALLOW, TWO) + "invariants: [{id: no-dead-gates}]\n")
        assert verdict.word == "PROVED"

    def test_it_is_not_known_of_a_gate_that_is_guessed(self) -> None:
        rare = 'r | plan.target.matches("^x[0-9]{4}y$") | deny: No.'
        [verdict] = verdicts(gates(ALLOW, rare) + "invariants: [{id: no-dead-gates}]\n")
        assert verdict.word == "UNKNOWN"
        assert 'matches("^x[0-9]{4}y$")' in verdict.said

    def test_silence_has_an_example(self) -> None:
        armed = policies(p=gates("ok | request.risk < 40 | allow: true"))
        [silence] = prove(armed).silent
        assert silence.policies == ("p",)
        assert silence.example.facts["request.risk"] >= 40
        assert silence.example.decision.because[0].rule == "p/silence"

    def test_without_silence_there_is_none(self) -> None:
        assert prove(policies(p=gates(ALLOW))).silent == ()


def test_more_than_fits_is_said_and_not_guessed() -> None:
    rows = [
        f'g{n} | request.inputs.k{n} == "x" | require: {{stage: s{n}, all_of: [{{group: a}}]}}'
        for n in range(26)
    ]
    report = prove(policies(p=gates(*rows) + claims("true | never: allow") + "  - {id: no-dead-gates}\n"))
    assert [one.word for one in report.verdicts] == ["TOO LARGE", "PROVED"]
    assert "different requests" in report.verdicts[0].said
    assert report.shadowed == ()
    assert any("not looked for shadowed gates" in one for one in report.unsaid)


def test_what_is_given_makes_a_large_policy_small() -> None:
    rows = [f'g{n} | request.inputs.k{n} == "x" | deny: No.' for n in range(26)]
    given = " && ".join(f'request.inputs.k{n} == "x"' for n in range(8, 26))
    assert word(f"{given} | only: deny", *rows) == "PROVED"


class TestWriting:
    GOOD = (
        HEAD.format(name="p")
        + gates(ALLOW)
        + "invariants:\n  - {id: a, given: request.risk > 1, never: allow}\n"
    )

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            (("never: allow", "nevr: allow"), '12:38: unknown key "nevr". Did you mean never?'),
            (("never: allow", "never: alow"), "'allow', 'require' or 'deny'"),
            (("never: allow", "never: []"), "needs at least one"),
            (("never: allow", "min_people: 0"), "12:38"),
            (("never: allow", "never: [allow, require, deny]"), "leave no decision that would be right"),
            (("never: allow", "never: allow, only: allow"), "leave no decision that would be right"),
            ((", never: allow", ""), "at least one of never: allow, only: deny, min_people: 2"),
            (
                ("given: request.risk > 1, ", ""),
                'an invariant has given: a condition ("true" for every request)',
            ),
            (("id: a, ", ""), '"id" is missing'),
            (("id: a,", "id: no-dead-gates,"), "no-dead-gates stands alone"),
            (("request.risk > 1", "request.rsk > 1"), "there is no fact request.rsk"),
            (("request.risk > 1", "request.risk > 101"), "12:13: request.risk is never 101"),
            (("request.risk > 1", "request.risk"), "a condition is true or false, and this is int"),
            (
                ("request.risk > 1", "'dyn(request.risk) == 1'"),
                "12:13: values of mixed or unknown type are not allowed",
            ),
            (
                ("\n  - {id", "\n  - {id: a, given: 'true', only: allow}\n  - {id"),
                "two invariants have the id a",
            ),
        ],
    )
    def test_a_mistake_has_its_place(self, change: tuple[str, str], expected: str) -> None:
        assert problems({"policies/p.yaml": self.GOOD}) == []
        assert self.GOOD.count(change[0]) == 1
        said = problems({"policies/p.yaml": self.GOOD.replace(*change)})
        assert any(expected in line for line in said), said

    def test_one_word_or_several(self) -> None:
        several = self.GOOD.replace("never: allow", "never: [allow, deny], min_people: 2")
        assert problems({"policies/p.yaml": several}) == []


class TestShipped:
    def test_everything_is_proved(self) -> None:
        report = prove(shipped())
        assert [one for one in report.verdicts if one.word != "PROVED"] == []
        assert (report.dead, report.unsaid) == ((), ())
        # Said again on purpose, so that the file about triage stands alone: observation.yaml says the same.
        again = ("look", "hands-off", "over-budget")
        assert report.shadowed == tuple(f"incident-triage/{gate}" for gate in again)

    @pytest.mark.parametrize("name", shipped().armed)
    def test_every_policy_claims_something(self, name: str) -> None:
        ids = {one.id for one, _ in shipped().armed[name].invariants}
        assert len(ids) > 1
        assert "no-dead-gates" in ids

    MUTATIONS = (
        (
            "deployments",
            "when: production\n",
            "when: production && request.risk >= 10\n",
            "production-can-be-asked-for",
        ),
        (
            "deployments",
            "{group: service-owners, count: 1}, {group: release",
            "{group: release",
            "two-people-in-production",
        ),
        ("deployments", "request.risk >= 70\n", "request.risk >= 71\n", "three-people-when-risky"),
        ("deployments", "size(freeze.active) > 0\n", "size(freeze.active) > 1\n", "nothing-in-a-freeze"),
        (
            "deployments",
            "when: production && frozen\n",
            "when: production && frozen && !request.destructive\n",
            "nothing-in-a-freeze",
        ),
        (
            "deployments",
            'lifecycle == "draft"\n    deny',
            'lifecycle == "draft" && skill.open_world\n    deny',
            "drafts-stay-out",
        ),
        (
            "deployments",
            "> budget.left_usd\n    deny",
            "> budget.left_usd + 1.0\n    deny",
            "never-past-a-budget",
        ),
        ("deployments", "request.risk < 40\n", "request.risk < 40 && request.risk > 50\n", "no-dead-gates"),
        (
            "observation",
            "request.ceiling_usd <= 5.0\n    allow",
            "request.ceiling_usd <= 4.99\n    allow",
            "looking-is-free",
        ),
        ("observation", "request.ceiling_usd > 5.0\n", "request.ceiling_usd >= 5.0\n", "looking-is-free"),
        (
            "deployments",
            "Ask its owner to declare it stable.\n",
            "Ask its owner to declare it stable.\n"
            "    override: {all_of: [{group: sre}], notify: [release], review_by: [release]}\n",
            "drafts-stay-out",
        ),
        ("dependency-upgrade", "{runs: 20,", "{runs: 19,", "somebody-looks-or-a-record-speaks"),
        (
            "dependency-upgrade",
            "cool_down_days: 14",
            "cool_down_days: 13",
            "somebody-looks-or-a-record-speaks",
        ),
        ("dependency-upgrade", "probation: 3", "probation: 2", "somebody-looks-or-a-record-speaks"),
    )

    @pytest.mark.parametrize(("name", "old", "new", "caught"), MUTATIONS)
    def test_a_change_that_breaks_a_promise_is_caught(
        self, name: str, old: str, new: str, caught: str
    ) -> None:
        text = (ROOT / "policies" / f"{name}.yaml").read_text()
        assert old in text
        armed = self.armed(name, text.replace(old, new, 1))
        found = {
            one.invariant: one
            for one in prove(armed).verdicts
            if one.policy == name and one.word == "REFUTED"
        }
        assert caught in found, found

    def test_the_table_stays_green_where_only_the_invariant_sees_it(self) -> None:
        text = (ROOT / "policies" / "deployments.yaml").read_text()
        armed = self.armed(
            "deployments", text.replace("when: production\n", "when: production && request.risk >= 10\n", 1)
        )
        assert all(row.passed for row in run_table(armed.armed["deployments"]))
        refuted = {one.invariant: one.example for one in prove(armed).verdicts if one.word == "REFUTED"}
        assert set(refuted) == {
            "production-can-be-asked-for",
            "two-people-in-production",
            "broken-glass-takes-three",
        }
        found = refuted["production-can-be-asked-for"]
        assert found is not None
        assert found.facts["request.risk"] < 10
        assert found.decision.effect != "require"

    def armed(self, name: str, text: str) -> Policies:
        files = {f"policies/{path.name}": path.read_text() for path in Path(ROOT / "policies").glob("*.yaml")}
        files[f"policies/{name}.yaml"] = text
        return Policies.load({file: document(said, file) for file, said in files.items()})
