"""What a skill promises of itself holds whatever policies say: whom it asks, what is kept and what not."""

from __future__ import annotations

import pytest

from bot.ask.catalog import Catalog
from bot.assess.assessment import digest_of
from bot.assess.decision import Deny, RequireApproval
from bot.flow.flow import Flow
from bot.lifecycle import State
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
