"""`assent policy explain`: the recorded reasons, what would have been otherwise, who could say yes now."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from judged import vote
from redis import Redis

from bot.authorize.approval import Vote
from bot.store.keys import Keys
from bot.terms import Digest, Principal


def test_each_gate_says_what_kept_it_from_matching(assent, artifacts, redis_url: str, asked: str) -> None:
    env = {**artifacts, "REDIS_URL": redis_url}
    said = json.loads(assent("policy", "explain", asked, "--json", env=env).out)
    assert (said["effect"], said["same_policy"]) == ("require", True)
    gates = {gate["rule"]: gate for gate in said["gates"]}
    assert gates["simple/change"]["matched"]
    assert gates["simple/read"]["first_false"] == 'request.mode == "read_only"'
    assert (
        "because simple/change: somebody else should look" in assent("policy", "explain", asked, env=env).said
    )


def test_it_says_when_the_policies_are_no_longer_those_that_decided(
    assent, artifacts, redis_url: str, asked: str
) -> None:
    policy = Path(artifacts["ASSENT_POLICIES"]) / "simple.yaml"
    policy.write_text(policy.read_text().replace("version: 1", "version: 2"))
    ran = assent("policy", "explain", asked, env={**artifacts, "REDIS_URL": redis_url})
    assert ran.code == 0
    assert "The policies have changed since" in ran.err


def test_the_record_tells_the_decision_and_the_plan(assent, redis_url: str, asked: str) -> None:
    env = {"REDIS_URL": redis_url}
    shown = json.loads(assent("requests", "show", asked, "--json", env=env).out)
    assert shown["decision"]["effect"] == "require"
    assert shown["decision"]["because"][0]["rule"] == "simple/change"
    assert shown["plan"]["changes"] == [{"what": "checkout", "from": "1.4.1", "to": "1.4.2"}]
    assert shown["estimate"]["ceiling"] == 100_000
    assert "because simple/change" in assent("requests", "show", asked, env=env).said


def explained(assent, env: dict[str, str], request: str) -> dict:
    return json.loads(assent("policy", "explain", request, "--json", env=env).out)


def test_it_says_who_could_say_yes_now_and_what_that_would_leave(
    assent, artifacts, redis_url: str, asked: str
) -> None:
    """Alice asked, so of the group release bob is left."""
    env = {**artifacts, "REDIS_URL": redis_url}
    said = explained(assent, env, asked)
    assert said["missing"] == ["@release"]
    assert said["could_approve"] == [
        {"principal": "bob", "sits_for": [], "stage": "review", "grants": True, "still_missing": []}
    ]
    assert (
        "bob could say yes now (review); then it is granted"
        in assent("policy", "explain", asked, env=env).said
    )


def test_who_has_said_yes_is_not_asked_again(assent, artifacts, redis_url: str, asked: str) -> None:
    policy = Path(artifacts["ASSENT_POLICIES"])
    (policy / "people.yaml").write_text(
        "people: {alice: {email: a@acme.test}, bob: {email: b@acme.test}, carol: {email: c@acme.test}}\n"
        "groups: {release: [alice, bob, carol]}\n"
    )
    env = {**artifacts, "REDIS_URL": redis_url}
    assert [one["principal"] for one in explained(assent, env, asked)["could_approve"]] == ["bob", "carol"]
    shown = json.loads(assent("requests", "show", asked, "--json", env=env).out)
    said = Vote(
        principal=Principal("bob"), slack_user="U2", answer="approve", at=datetime.now(UTC),
        digest=Digest(shown["assessment_digest"]), stage="review",
    )  # fmt: skip
    asyncio.run(vote(redis_url, asked, said))
    assert explained(assent, env, asked)["could_approve"] == []
    [shown_vote] = json.loads(assent("requests", "show", asked, "--json", env=env).out)["votes"]
    assert {"principal", "answer", "at", "digest"} <= shown_vote.keys()


def test_a_group_that_only_slack_knows_is_said(assent, artifacts, redis_url: str, asked: str) -> None:
    people = Path(artifacts["ASSENT_POLICIES"]) / "people.yaml"
    people.write_text(people.read_text().replace("release: [alice, bob]", "release: slack"))
    env = {**artifacts, "REDIS_URL": redis_url}
    said = explained(assent, env, asked)
    assert (said["could_approve"], said["groups_not_known"]) == ([], ["release"])
    assert (
        "whoever is in @release: only Slack or its schedule knows"
        in assent("policy", "explain", asked, env=env).said
    )


def test_nobody_is_asked_about_what_has_ended(assent, artifacts, redis_url: str, asked: str) -> None:
    with Redis.from_url(redis_url) as client:
        client.hset(f"{Keys('T1').requests}{asked}", "state", "expired")
    env = {**artifacts, "REDIS_URL": redis_url}
    ran = assent("policy", "explain", asked, env=env)
    assert ran.code == 0
    assert "It is expired: nobody is asked for an answer now." in ran.err
    assert explained(assent, env, asked)["could_approve"] == []


def test_it_says_what_one_persons_yes_would_do_or_why_it_cannot_count(
    assent, artifacts, redis_url: str, asked: str
) -> None:
    env = {**artifacts, "REDIS_URL": redis_url}

    def of(person: str) -> dict:
        said = json.loads(assent("policy", "explain", asked, "--for", person, "--json", env=env).out)
        return said["person"]

    assert of("bob") == {
        "may": True,
        "principal": "bob",
        "sits_for": [],
        "stage": "review",
        "grants": True,
        "still_missing": [],
    }
    assert (of("alice")["may"], of("alice")["reason"]) == (False, "self_approval")
    assert of("nobody")["reason"] == "not_eligible"
    ran = assent("policy", "explain", asked, "--for", "alice", env=env)
    assert 'alice could not say yes now: "You asked for this' in ran.said
