"""The exact form: typed text becomes one complete invocation, or an answer that says what would be right."""

# ruff: noqa: E501 — a table keeps one row a line

from __future__ import annotations

from contextlib import suppress
from unicodedata import normalize

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.ask.catalog import Catalog, Skill
from bot.ask.grammar import (
    Asked,
    Cancel,
    Complete,
    Costs,
    Help,
    Home,
    Incomplete,
    Status,
    Why,
    parse,
)
from bot.ask.invocation import Invocation, Value
from bot.ask.unseen import unseen
from bot.terms import Environment, Refused, RequestId

DEFAULTS: dict[str, Value] = {"replicas": 2, "share": 1.0, "drain": True}
CHECKOUT = {"service": "checkout", "version": "1.4.2", **DEFAULTS}


@pytest.mark.parametrize(
    ("text", "environment", "inputs"),
    [
        pytest.param("deploy service=checkout version=1.4.2 to staging", "staging", {}, id="named"),
        pytest.param("deploy checkout 1.4.2 to staging", "staging", {}, id="positional"),
        pytest.param("deploy version=1.4.2 checkout to staging", "staging", {}, id="mixed"),
        pytest.param("deploy to staging checkout 1.4.2", "staging", {}, id="environment first"),
        pytest.param("DEPLOY CheckOut 1.4.2 TO Prod", "production", {}, id="any case"),
        pytest.param("deploy checkout 1.4.2 in stage", "staging", {}, id="in"),
        pytest.param("deploy checkout 1.4.2 on dev", "development", {}, id="on"),
        pytest.param("deploy checkout 1.4.2 env=prod", "production", {}, id="env="),
        pytest.param("deploy checkout\n1.4.2\tto staging", "staging", {}, id="line breaks"),
        pytest.param("deploy checkout 1.4.2 4 to dev", "development", {"replicas": 4}, id="third position"),
        pytest.param("deploy checkout 1.4.2 replicas=+4 to dev", "development", {"replicas": 4}, id="integer"),
        pytest.param("deploy checkout 1.4.2 share=.5 to dev", "development", {"share": 0.5}, id="no leading digit"),
        pytest.param("deploy checkout 1.4.2 share=0.5 to dev", "development", {"share": 0.5}, id="number"),
        pytest.param("deploy checkout 1.4.2 drain=Off to dev", "development", {"drain": False}, id="off"),
        pytest.param("deploy checkout 1.4.2 drain=yes to dev", "development", {"drain": True}, id="yes"),
        pytest.param('deploy checkout 1.4.2 note="to prod" to dev', "development", {"note": "to prod"}, id="quoted"),
        pytest.param("deploy checkout 1.4.2 note='a \"b\"' to dev", "development", {"note": 'a "b"'}, id="single"),
        pytest.param(r'deploy checkout 1.4.2 note="a \"b\" \\" to dev', "development", {"note": 'a "b" \\'}, id="\\"),
        pytest.param("deploy checkout 1.4.2 note=“a b” to dev", "development", {"note": "a b"}, id="typographic"),
        pytest.param("deploy checkout 1.4.2 note=‘a b’ to dev", "development", {"note": "a b"}, id="typographic single"),
        pytest.param("deploy checkout 1.4.2 note=„a b“ to dev", "development", {"note": "a b"}, id="low quotes"),
        pytest.param("deploy checkout 1.4.2 note=don't to dev", "development", {"note": "don't"}, id="apostrophe"),
        pytest.param("deploy checkout 1.4.2 note=a=b to dev", "development", {"note": "a=b"}, id="equals inside"),
        pytest.param('deploy checkout 1.4.2 note="" to dev', "development", {"note": ""}, id="empty"),
    ],
)  # fmt: skip
def test_complete(catalog: Catalog, text: str, environment: str, inputs: dict[str, Value]) -> None:
    found = parse(text, catalog)
    assert isinstance(found, Complete)
    assert found.invocation.environment == environment
    assert found.invocation.inputs == CHECKOUT | inputs
    assert (found.invocation.skill, found.invocation.version) == ("deploy", "1.0.0")
    assert found.invocation.digest == catalog["deploy"].digest


@pytest.mark.parametrize(
    ("typed", "note"),
    [
        pytest.param("R&amp;D", "R&D", id="ampersand"),
        pytest.param("&lt;b&gt;", "<b>", id="angles"),
        pytest.param("&amp;lt;", "&lt;", id="once only"),
        pytest.param("<@U123|alice>", "@U123", id="person"),
        pytest.param("<#C1|ops>", "#ops", id="channel"),
        pytest.param("<!subteam^S1|@oncall>", "@oncall", id="group"),
        pytest.param("<http://a.example|a.example>", "a.example", id="link Slack made"),
        pytest.param("<mailto:a@b.example|a@b.example>", "a@b.example", id="mail"),
        pytest.param("<https://evil.example|good.example>", "https://evil.example", id="label that lies"),
        pytest.param("<https://a.example/x>", "https://a.example/x", id="bare link"),
    ],
)
def test_slack_writing_is_read_as_it_was_typed(catalog: Catalog, typed: str, note: str) -> None:
    found = parse(f"deploy checkout 1.4.2 note={typed} to dev", catalog)
    assert isinstance(found, Complete)
    assert found.invocation.inputs["note"] == note


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", Home(), id="nothing"),
        pytest.param("  \n ", Home(), id="blank"),
        pytest.param("help", Help(), id="help"),
        pytest.param("help deploy", Help("deploy"), id="help of a skill"),
        pytest.param("deploy help", Help("deploy"), id="help the other way round"),
        pytest.param("status", Status(), id="status"),
        pytest.param("Status R-42", Status(RequestId("r-42")), id="status of one"),
        pytest.param("cancel 42", Cancel(RequestId("r-42")), id="cancel"),
        pytest.param("why r-42", Why(RequestId("r-42")), id="why"),
        pytest.param("costs", Costs(), id="costs"),
        pytest.param(
            "deploy",
            Incomplete("deploy", {}, None, ("service", "version", "environment")),
            id="only the skill",
        ),
        pytest.param(
            "deploy checkout to prod",
            Incomplete("deploy", {"service": "checkout"}, Environment.PRODUCTION, ("version",)),
            id="no version",
        ),
        pytest.param(
            "deploy checkout 1.4.2",
            Incomplete("deploy", {"service": "checkout", "version": "1.4.2"}, None, ("environment",)),
            id="no environment",
        ),
        pytest.param(
            "restart-service",
            Incomplete("restart-service", {}, Environment.STAGING, ("service",)),
            id="the only environment",
        ),
    ],
)
def test_other_words_and_questions_back(catalog: Catalog, text: str, expected: Asked) -> None:
    assert parse(text, catalog) == expected


def test_the_only_environment_needs_no_words(catalog: Catalog) -> None:
    found = parse("restart-service payments", catalog)
    assert isinstance(found, Complete)
    assert found.invocation.environment is Environment.STAGING


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("restart-svc", "There is no skill restart-svc. Did you mean restart-service? Known: deploy, restart-service.", id="unknown skill"),
        pytest.param("xyzzy", "There is no skill xyzzy. Known: deploy, restart-service.", id="no guess for a stranger"),
        pytest.param("statsu", "There is no skill statsu. Did you mean status? Known: deploy, restart-service.", id="misspelt word"),
        pytest.param("service=checkout deploy", "Begin with the skill, then service=…. Known: deploy, restart-service.", id="no skill first"),
        pytest.param("deploy verison=1.4.2", "deploy has no input verison. Did you mean version? It takes: service, version, replicas, share, drain, note.", id="unknown key"),
        pytest.param("deploy checkot 1.4.2 to dev", "service cannot be checkot. Did you mean checkout? Known: checkout, payments.", id="wrong choice"),
        pytest.param("deploy checkout 1.4 to dev", "version cannot be 1.4. A released version, e.g. 1.4.2.", id="pattern"),
        pytest.param('deploy checkout "1.4.2 x" to dev', "version cannot be 1.4.2 x. A released version, e.g. 1.4.2.", id="more than the pattern"),
        pytest.param("deploy checkout ١.٤.٢ to dev", "version cannot be ١.٤.٢. A released version, e.g. 1.4.2.", id="other digits"),
        pytest.param("deploy checkout 1.4.2 replicas=many", "replicas cannot be many. It is a whole number. How many run.", id="not a number"),
        pytest.param("deploy checkout 1.4.2 replicas=99", "replicas cannot be 99. It is at least 1 and at most 12. How many run.", id="bounds"),
        pytest.param("deploy checkout 1.4.2 share=nan", "share cannot be nan. It is a number. Part of the traffic.", id="not finite"),
        pytest.param("deploy checkout 1.4.2 drain=maybe", "drain cannot be maybe. It is yes or no. Finish open requests first.", id="not a boolean"),
        pytest.param("deploy checkout 1.4.2 note=--force", "note may not start with a dash: --force.", id="an option in disguise"),
        pytest.param("deploy checkot 1.4 to dev", "service cannot be checkot. Did you mean checkout? Known: checkout, payments.\nversion cannot be 1.4. A released version, e.g. 1.4.2.", id="everything wrong at once"),
        pytest.param("deploy version=1.4.2 version=1.4.3", "version is there twice: 1.4.2 and 1.4.3. Keep one.", id="twice"),
        pytest.param("deploy checkout 1.4.2 to mars", "mars is no environment. deploy runs in development, staging or production.", id="no environment"),
        pytest.param("deploy checkout 1.4.2 to stagng", "stagng is no environment. Did you mean staging? deploy runs in development, staging or production.", id="misspelt environment"),
        pytest.param("deploy checkout 1.4.2 to dev to prod", "You named 2 environments: dev and prod. Name one.", id="two environments"),
        pytest.param("deploy checkout 1.4.2 env=dev to prod", "You named 2 environments: dev and prod. Name one.", id="two ways of saying it"),
        pytest.param("deploy checkout 1.4.2 to", "Say where after `to`: development, staging, production. If it is a value, quote it.", id="to nowhere"),
        pytest.param("restart-service checkout prod", "Write `to production` if prod is where it should run.", id="without to"),
        pytest.param("restart-service checkout to prod", "restart-service does not run in production. It runs in staging.", id="not there"),
        pytest.param("restart-service checkout now please", "There is no place for now: restart-service takes service. Put a value of several words in quotes.", id="too many words"),
        pytest.param("deploy 'checkout", "The quote before 'checkout' is never closed.", id="open quote"),
        pytest.param('deploy "checkout"x', "After the quoted 'checkout' a space is missing.", id="no space after a quote"),
        pytest.param("deploy version = 1.4.2", "Write key=value without spaces around the equals sign, such as version=1.4.2.", id="spaces around ="),
        pytest.param("deploy version=", "Write key=value without spaces around the equals sign, such as version=1.4.2.", id="nothing after ="),
        pytest.param("deploy check\u200bout", "Your text has U+200B (zero width space), which nobody can see. Type it again without it.", id="zero width"),
        pytest.param("deploy \u202echeckout", "Your text has U+202E (right-to-left override), which nobody can see. Type it again without it.", id="bidi"),
        pytest.param("deploy check\x00out", "Your text has U+0000 (null), which nobody can see. Type it again without it.", id="null"),
        pytest.param("deploy \U000e0041", "Your text has U+E0041 (tag latin capital letter a), which nobody can see. Type it again without it.", id="tag letter"),
        pytest.param("deploy \U000e0101", "Your text has U+E0101 (variation selector-18), which nobody can see. Type it again without it.", id="hidden selector"),
        pytest.param("deploy \u3164", "Your text has U+3164 (hangul filler), which nobody can see. Type it again without it.", id="blank letter"),
        pytest.param('deploy checkout 1.4.2 note="a\nb"', "note has U+000A (control character), which nobody can see. Type it again without it.", id="line break in a value"),
        pytest.param("deploy " + "x" * 2000, "That is 2,007 characters. Up to 2,000 can be read.", id="too long"),
        pytest.param("why", "Say which request: why r-42.", id="why what"),
        pytest.param("cancel deploy", "deploy is no request. A request is written r-42.", id="cancel what"),
        pytest.param("status r-0", "r-0 is no request. A request is written r-42.", id="no such number"),
        pytest.param("costs today", "costs takes nothing more.", id="more than costs"),
        pytest.param("help dploy", "There is no skill dploy. Did you mean deploy? Known: deploy, restart-service.", id="help of a stranger"),
    ],
)  # fmt: skip
def test_refused_with_what_would_be_right(catalog: Catalog, text: str, says: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(text, catalog)
    assert str(refused.value) == says


def test_a_skill_that_is_not_armed_says_why(deploy: Skill) -> None:
    changed = Skill(
        **{**{name: getattr(deploy, name) for name in deploy.__slots__}, "unarmed": "it changed."}
    )
    for catalog in (Catalog({"deploy": changed}), Catalog({}, {"deploy": "it changed."})):
        with pytest.raises(Refused, match=r"^deploy cannot be used now: it changed\.$"):
            parse("deploy checkout 1.4.2 to dev", catalog)


words = st.sampled_from(
    ["deploy", "to", "in", "prod", "checkout", "1.4.2", "version=", "note=", '"', "'", "“", "=", "&amp;", "<", ">", "|",
     "<@U1>", "<http://a|a>", "help", "status", "r-42", "\\", "-", "\n", " ", "\u200b", "env=", "drain=", "x"]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text() | st.lists(words).map("".join) | st.lists(words).map(" ".join))
@example("deploy <|>")
@example('deploy note="\\')
def test_no_text_does_anything_but_parse_or_be_refused(catalog: Catalog, text: str) -> None:
    with suppress(Refused):
        assert isinstance(parse(text, catalog), Asked)


visible = st.text(
    st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Cn"))
    | st.sampled_from(list("\"'“”‘’„‚\\= &<>|")),
    max_size=60,
).filter(lambda text: not text.startswith("-") and not unseen(text))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    service=st.sampled_from(["checkout", "payments"]),
    version=st.from_regex(r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}", fullmatch=True),
    replicas=st.integers(1, 12),
    share=st.floats(-1, 1).map(lambda number: round(number, 6)),
    drain=st.booleans(),
    note=visible | st.none(),
    environment=st.sampled_from(Environment),
)
def test_an_invocation_said_as_a_sentence_is_the_same_invocation(
    catalog: Catalog,
    service: str,
    version: str,
    replicas: int,
    share: float,
    drain: bool,
    note: str | None,
    environment: Environment,
) -> None:
    inputs: dict[str, Value] = {
        "service": service, "version": version, "replicas": replicas, "share": share, "drain": drain,
    }  # fmt: skip
    if note is not None:
        inputs["note"] = normalize("NFC", note)
    asked = Invocation(
        skill="deploy",
        version="1.0.0",
        digest=catalog["deploy"].digest,
        inputs=inputs,
        environment=environment,
    )
    sentence = asked.sentence(command="")
    as_slack_sends_it = sentence.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert parse(as_slack_sends_it, catalog) == Complete(asked)
