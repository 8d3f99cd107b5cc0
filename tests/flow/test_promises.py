"""What a skill promises of itself holds whatever policies say: whom it asks, what is kept and what not."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import pytest

from bot.ask.catalog import Catalog
from bot.assess.assessment import digest_of
from bot.assess.decision import Deny, RequireApproval
from bot.flow.commit import Commit
from bot.flow.flow import Flow
from bot.lifecycle import Event, State
from bot.settle.evidence import evidence
from bot.store.audit import Audit
from bot.store.store import Store
from bot.terms import RequestId
from tests.flow.snapshot import audited
from tests.flow.town import Town

MANIFEST = "skills/touch/skill.yaml"
ASK = "touch hello to staging"


def promise(town: Town, text: str) -> None:
    town.edit(MANIFEST, "on_fail: undo", f"{text}\non_fail: undo")
    town.review()


async def test_what_every_policy_allows_still_waits_for_the_floor_of_the_skill(town: Town) -> None:
    promise(town, "approval: {people: 2, groups: [owners]}")
    request = await town.ask(ASK)
    found = await town.get(request)
    assert (found.state, town.log) == (State.WAITING, [])
    assert found.assessment is not None
    assert isinstance(found.assessment.decision, RequireApproval)
    assert [one.rule for one in found.assessment.decision.because] == ["town/try", "skills/touch"]
    assert (await town.click(request, "approve", by="U0ALICE")).reason is not None, "she asked"
    assert (await town.click(request, "approve", by="U0CAROL")).reason is not None, "she is no owner"
    await town.click(request, "approve", by="U0BOB")
    assert await town.state(request) is State.WAITING
    await town.click(request, "approve", by="U0ERIN")
    assert (await town.run(request)).state is State.DONE


async def test_a_floor_that_nobody_could_keep_denies(town: Town) -> None:
    promise(town, "approval: {groups: [nobody]}")
    found = await town.get(await town.ask(ASK))
    assert found.state is State.REFUSED
    assert found.assessment is not None
    assert isinstance(found.assessment.decision, Deny)
    assert found.outcome is not None
    assert "asks for @nobody, whom people.yaml does not know" in found.outcome.sentence


async def test_the_audit_has_the_digest_of_what_is_evidence(town: Town) -> None:
    promise(town, "evidence: [measure]")
    ended = await town.run(await town.ask(ASK))
    [measured] = [one for one in ended.journal if one.step == "measure" and one.event == "ended"]
    lines = [line for line in await audited(town.store.redis, town.store.keys) if "evidence" in line]
    assert [(line["step"], line["evidence"]) for line in lines] == [("measure", digest_of({"lines": 2}))]
    assert measured.result == {"lines": 2}


async def test_evidence_can_be_shown_later_and_holds_only_as_it_was_written(town: Town) -> None:
    promise(town, "evidence: [measure, second]")
    ended = await town.run(await town.ask(ASK))
    audit = await Audit(town.store).about(ended.id)

    shown = evidence(ended.id, ended.journal, audit)
    assert [(one.step, one.result, one.holds) for one in shown] == [
        ("second", None, "nothing"),
        ("measure", {"lines": 2}, "as written"),
    ]
    changed = [
        entry.model_copy(update={"result": {"lines": 3}}) if entry.result else entry
        for entry in ended.journal
    ]
    assert [one.holds for one in evidence(ended.id, changed, audit)] == ["nothing", "changed"]
    assert [one.holds for one in evidence(ended.id, (), audit)] == ["nothing", "missing"]
    assert not any(one.good for one in evidence(ended.id, (), audit) if one.step == "measure")


@pytest.mark.parametrize("kept", [True, False])
async def test_the_audit_does_not_have_what_is_redacted(town: Town, kept: bool) -> None:
    promise(town, "audit: {redact: []}" if kept else "audit: {redact: [word]}")
    request = await town.ask("touch word=confidential to staging")
    assert (await town.run(request)).state is State.DONE
    about = [
        line for line in await audited(town.store.redis, town.store.keys) if line.get("request") == request
    ]
    asked = [line for line in about if line["kind"] in ("requested", "planned", "decided")]
    assert len(asked) == 3
    assert ("confidential" in str([line.get("detail") for line in asked])) is kept
    assert ("confidential" in str([line.get("facts", {}).get("request.inputs") for line in asked])) is kept
    assert (await town.get(request)).invocation.inputs == {"word": "confidential"}


@pytest.mark.parametrize("gone", [False, True], ids=["edited meanwhile", "gone meanwhile"])
async def test_what_is_redacted_is_said_by_the_skill_that_the_request_was_read_by(
    town: Town, gone: bool
) -> None:
    promise(town, "audit: {redact: [word]}")
    read = Catalog() if gone else town.artifacts.skills()
    town.flow = Flow.of(
        store=town.store,
        people=town.directory,
        artifacts=town.artifacts,
        voice=town.ear,
        read_by=lambda: read,
    )
    town.edit(MANIFEST, "redact: [word]", "redact: []")
    town.review()
    request = await town.accept("touch word=confidential to staging")
    [line] = [
        one for one in await audited(town.store.redis, town.store.keys) if one.get("request") == request
    ]
    assert line["detail"]["inputs"] == {"word": "[redacted]"}
    assert (await town.get(request)).invocation.inputs == {"word": "confidential"}


SECRET = "confidential"


async def whole_audit(town: Town) -> str:
    """As it is kept, as it is exported, and its seals."""
    audit = Audit(town.store)
    await audit.seal()
    assert (await audit.verify([]))[2] is None
    kept = await audited(town.store.redis, town.store.keys)
    return json.dumps([kept, await audit.export()], ensure_ascii=False)


async def done(town: Town) -> str:
    return await town.ask(f"touch word={SECRET} to staging")


async def refused_by_its_plan(town: Town) -> str:
    town.faults(f'{{"refused": "There is no word {SECRET}."}}')
    return await town.ask(f"touch word={SECRET} to staging")


async def a_plan_that_breaks(town: Town) -> str:
    town.edit(
        "skills/touch/step.py", 'if what == "plan"', 'assert what != "plan", sys.argv\nif what == "plan"'
    )
    town.review()
    return await town.ask(f"touch word={SECRET} to staging")


async def said_by_a_person(town: Town) -> str:
    request = await town.ask(f'touch word={SECRET} reason="{SECRET} must be told" to production')
    await town.click(request, "deny", by="U0ERIN", reason=f"No {SECRET} here")
    return request


async def in_the_facts(town: Town) -> str:
    more = '"labels": {word: word, "nested": "of " + word}, "resolved": {"n": [word]}, '
    town.edit("skills/touch/step.py", '"undo": "take', more + '"undo": "take')
    town.edit("skills/touch/step.py", '"identity": "town/log"', '"identity": "town/" + word')
    town.review()
    return await town.ask(f"touch word={SECRET} to staging")


async def refused_clicks(town: Town) -> str:
    request = await town.ask(f"touch word={SECRET} to production")
    await town.click(request, "approve", by="U0ALICE")
    await town.click(request, "deny", by="U0DAVE", reason=SECRET)
    return request


async def revoked_meanwhile(town: Town) -> str:
    request = await town.ask(f"touch word={SECRET} to production")
    town.edit("skills/touch/step.py", "import json", "import json  # another")
    town.review()
    await town.labour.sweeping.drifted()
    return request


STORIES = [
    done,
    refused_by_its_plan,
    a_plan_that_breaks,
    said_by_a_person,
    in_the_facts,
    refused_clicks,
    revoked_meanwhile,
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
@pytest.mark.parametrize("fault", ["", "first", "second"])
async def test_what_is_redacted_is_nowhere_in_the_audit(
    town: Town, story: Callable[[Town], Awaitable[str]], fault: str
) -> None:
    """Neither by its name, nor in what skills and people say, nor in what went wrong."""
    if fault and story is not done:
        pytest.skip("one story with failing steps is enough")
    promise(town, "audit: {redact: [word]}")
    if fault:
        town.faults(f'{{"fail": "{fault}"}}')
    request = RequestId(await story(town))
    if await town.state(request) is State.APPROVED:
        await town.run(request)
    told = await whole_audit(town)
    assert SECRET not in told
    assert "[redacted]" in told
    assert (await town.get(request)).invocation.inputs == {"word": SECRET}, "the request itself keeps them"


async def test_a_process_that_never_read_the_request_does_not_tell_either(town: Town) -> None:
    promise(town, "audit: {redact: [word]}")
    request = await town.ask(f"touch word={SECRET} to production")
    stranger = Store(town.store.redis, town.store.team)
    await stranger.record("refused_click", request=request, principal="x", detail=f"about {SECRET}")
    stranger = Store(town.store.redis, town.store.team)
    await stranger.commit(
        Commit(op="v", request=request, event=Event.VOIDED, audit={"principal": "x", "reason": SECRET})
    )
    assert await town.state(request) is State.VOIDED
    assert SECRET not in await whole_audit(town)


async def test_who_is_judged_by_the_gate_is_judged_by_the_true_value(town: Town) -> None:
    """Hiding is for the record alone: conditions see what was asked for."""
    promise(town, "audit: {redact: [word]}")
    town.govern(
        f"""{{id: no, why: That is secret., when: 'request.inputs.word == "{SECRET}"', deny: true}}""",
        "{id: try, why: Trying is free., allow: true}",
    )
    assert await town.state(await town.ask(f"touch word={SECRET} to staging")) is State.REFUSED
    assert SECRET not in await whole_audit(town)
