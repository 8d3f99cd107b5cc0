"""A run asks people: it waits without a worker, goes on with the answer, and takes none that is not one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.authorize.click import Answered, RefusedBecause
from bot.authorize.delegation import Seats
from bot.authorize.people import Standing
from bot.execute.steps.ask import answers
from bot.lifecycle import State
from bot.settle.evidence import evidence
from bot.settle.ledger import used
from bot.terms import Group, Principal, RequestId
from tests.flow.hours import pass_by
from tests.flow.snapshot import audited, snapshot
from tests.flow.town import Town

ASK = "touch hello to staging"
QUESTION = """
  - {id: go_on, title: Ask how it goes on, timeout: 4h, repeat: pure,
     ask: {question: "${inputs.word} & <so on> is written once. Again?", choices: [Go on, Take it back],
           stop_on: [Take it back], who: %s%s}}
  - {id: second,"""
GO_ON, TAKE_BACK = 0, 1


@pytest.fixture
def town(town: Town) -> Town:
    asking(town)
    return town


def asking(town: Town, who: str = "[requester, owners, {person: dave}]", more: str = "") -> None:
    """Between its two steps it asks, and the second step writes what was answered."""
    town.write()
    town.edit("skills/touch/skill.yaml", "\n  - {id: second,", QUESTION % (who, more))
    town.edit("skills/touch/skill.yaml", 'second, "${inputs.word}"]', 'second, "${steps.go_on.answer}"]')
    town.review()


async def asked(town: Town, text: str = ASK) -> RequestId:
    """A run that has come to its question; what called its worker is worked off."""
    request = await town.ask(text)
    found = await town.run(request)
    assert (found.state, town.log) == (State.ASKING, ["first hello"]), found.outcome
    await idle(town)
    return request


async def idle(town: Town) -> None:
    await town.store.redis.delete(town.store.keys.work)
    await town.streams.open()


async def answer(town: Town, request: RequestId, number: int = GO_ON, /, *, by: str, **more: Any) -> Answered:
    """A press of one of the buttons on the card as it is now."""
    found = await town.get(request)
    place = found.question[0] if found.question else 0
    values = {"choice": f"{place}.{number}", **more}
    return await town.click(request, "answer", by=by, **values)


async def kinds(town: Town) -> list[str]:
    return [line["kind"] for line in await audited(town.store.redis, town.store.keys)]


class Refusal:
    """An answer that must not count: its reason, its one line in the audit, and nothing else changed."""

    def __init__(self, town: Town) -> None:
        self.town = town

    async def __call__(
        self, request: RequestId, because: RefusedBecause, /, number: int = GO_ON, *, by: str, **more: Any
    ) -> str:
        redis, keys = self.town.store.redis, self.town.store.keys
        before, told = await snapshot(redis, keys), len(await audited(redis, keys))
        said = await answer(self.town, request, number, by=by, **more)
        assert (said.counted, said.reason) == (False, because), said.text
        assert await snapshot(redis, keys) == before
        [line] = (await audited(redis, keys))[told:]
        assert (line["kind"], line["reason"], line["action"]) == ("refused_click", because.value, "answer")
        return said.text


@pytest.fixture
def refused(town: Town) -> Refusal:
    return Refusal(town)


# The story


async def test_the_run_waits_for_an_answer_and_goes_on_with_it(town: Town) -> None:
    request = await asked(town)
    found = await town.get(request)
    assert found.question is not None
    place, question = found.question
    assert question.question == "hello & <so on> is written once. Again?"
    assert question.choices == ("Go on", "Take it back")
    assert found.missing == ("alice or @owners or dave",)
    counted = await answer(town, request, by="U0BOB")
    assert (counted.counted, counted.text) == (True, f"Your answer to {request} counts: “Go on”.")
    assert await town.state(request) is State.RUNNING
    done = await town.run(request)
    assert (done.state, town.log) == (State.DONE, ["first hello", "second Go on"])
    assert done.journal[place + 1].result == {"answer": "Go on", "by": "bob"}
    assert done.journal[place + 1].output == "bob answered “Go on”."
    assert used(done.journal)["tool_calls"] == 3.0, "two steps and the measurement: a question costs nothing"


async def test_it_holds_no_lease_while_it_waits_but_its_target_and_its_money(town: Town) -> None:
    request = await asked(town)
    found = await town.get(request)
    assert found.lease_until is None
    assert await town.store.queued() == set()
    locks: Any = town.store.redis
    assert await locks.hgetall(town.store.keys.locks) == {"touch:staging": request}
    assert sum(amount for name, amount in (await town.store.ledger()).items() if name.endswith("|held")) > 0
    await town.run(request, worker="w2")
    assert await town.get(request) == found, "a worker that hears of it has nothing to do"


async def test_it_keeps_no_other_run_of_its_skill_waiting(town: Town) -> None:
    """Of one run at a time, one that only waits for people is none; it goes on as soon as there is room."""
    town.edit("skills/touch/skill.yaml", "output_kb: 16}", "output_kb: 16, max_parallel_runs: 1}")
    town.review()
    request = await asked(town)
    other = await town.ask("touch other to development")
    assert (await town.run(other)).state is State.ASKING
    await answer(town, other, by="U0BOB")
    assert (await town.run(other)).state is State.DONE
    await answer(town, request, by="U0BOB")
    assert (await town.run(request)).state is State.DONE


async def test_it_is_asked_once_and_told_once_in_its_thread(town: Town) -> None:
    request = await asked(town)
    told: Any = town.store.redis
    [(_, notice)] = await told.xrange(town.store.keys.notices)
    assert '"kind":"question"' in notice["notice"]
    assert f"{request} asks, and waits for an answer on its card: hello & <so on>" in notice["notice"]
    assert '"groups":["owners"],"people":["alice","dave"]' in notice["notice"]


async def test_the_audit_has_question_answer_and_by_whom(town: Town) -> None:
    request = await asked(town)
    await answer(town, request, by="U0DAVE")
    lines = await audited(town.store.redis, town.store.keys)
    put = next(line for line in lines if line["kind"] == "asked")
    assert (put["step"], put["question"]) == ("go_on", "hello & <so on> is written once. Again?")
    assert (put["choices"], put["who"]) == (["Go on", "Take it back"], "alice or @owners or dave")
    said = next(line for line in lines if line["kind"] == "answered")
    assert (said["principal"], said["step"], said["answer"]) == ("dave", "go_on", "Go on")
    assessment = (await town.get(request)).assessment
    assert assessment is not None
    assert put["digest"] == said["digest"] == assessment.digest
    [shown] = evidence(request, (await town.get(request)).journal, lines)
    assert (shown.step, shown.holds, shown.result) == (
        "go_on",
        "as written",
        {"answer": "Go on", "by": "dave"},
    )


async def test_an_answer_that_stops_it_is_as_a_stop(town: Town) -> None:
    request = await asked(town)
    said = await answer(town, request, TAKE_BACK, by="U0ALICE")
    assert said.text == f"Your answer to {request} counts: “Take it back”. The run stops."
    ended = await town.run(request)
    assert (ended.state, town.log) == (State.ROLLED_BACK, ["first hello", "undo-first hello"])
    assert ended.outcome is not None
    assert ended.outcome.sentence == "alice answered “Take it back”. What had begun was undone."


async def test_an_answer_that_stops_it_undoes_nothing_where_a_stop_would_not(town: Town) -> None:
    town.edit("skills/touch/skill.yaml", "on_fail: undo", "on_fail: undo\non_cancel: stop")
    town.review()
    request = await asked(town)
    await answer(town, request, TAKE_BACK, by="U0ALICE")
    ended = await town.run(request)
    assert (ended.state, town.log) == (State.CANCELLED, ["first hello"])


# Time


async def test_waiting_does_not_count_as_running(town: Town) -> None:
    town.edit("skills/touch/skill.yaml", "wall: 1m", "wall: 30s")
    town.review()
    request = await asked(town)
    await pass_by(town.store.redis, town.store.keys, seconds=3 * 3600)
    await town.labour.sweeping.timers()
    assert await town.state(request) is State.ASKING
    await answer(town, request, by="U0BOB")
    assert (await town.run(request)).state is State.DONE


async def test_nobody_answering_in_time_is_a_failed_step(town: Town) -> None:
    request = await asked(town)
    await pass_by(town.store.redis, town.store.keys, seconds=4 * 3600)
    await town.labour.sweeping.timers()
    assert await town.state(request) is State.RUNNING
    await town.labour.sweeping.timers()
    ended = await town.run(request)
    assert (ended.state, town.log) == (State.ROLLED_BACK, ["first hello", "undo-first hello"])
    assert ended.outcome is not None
    assert ended.outcome.sentence == "Nobody answered the question in time. What had begun was undone."
    assert "unanswered" in await kinds(town)


async def test_an_answer_after_its_time_is_refused_before_anybody_noticed_the_time(
    town: Town, refused: Refusal
) -> None:
    request = await asked(town)
    await pass_by(town.store.redis, town.store.keys, seconds=4 * 3600)
    assert "not open any more" in await refused(request, RefusedBecause.EXPIRED, by="U0BOB")


async def test_and_after_somebody_noticed(town: Town, refused: Refusal) -> None:
    request = await asked(town)
    place = (await town.get(request)).question
    assert place is not None
    await pass_by(town.store.redis, town.store.keys, seconds=4 * 3600)
    await town.labour.sweeping.timers()
    await refused(request, RefusedBecause.EXPIRED, by="U0BOB", choice=f"{place[0]}.0")
    await town.run(request)
    await refused(request, RefusedBecause.EXPIRED, by="U0BOB", choice=f"{place[0]}.0")


async def test_two_workers_notice_the_end_of_its_time_once(town: Town) -> None:
    request = await asked(town)
    await pass_by(town.store.redis, town.store.keys, seconds=4 * 3600)
    await asyncio.gather(*[town.restart().labour.sweeping.timers() for _ in range(4)])
    assert (await kinds(town)).count("unanswered") == 1
    assert (await town.run(request)).state is State.ROLLED_BACK


# Who may answer


async def test_only_whom_the_skill_names(town: Town, refused: Refusal) -> None:
    request = await asked(town)
    said = await refused(request, RefusedBecause.NOT_ELIGIBLE, by="U0CAROL")
    assert said == "This question is for alice or @owners or dave, and you are not among them."
    for person in ("U0ERIN",):
        assert (await answer(town, request, by=person)).counted


async def test_the_requester_only_where_the_skill_says_so(town: Town, refused: Refusal) -> None:
    asking(town, who="[owners]")
    request = await asked(town)
    await refused(request, RefusedBecause.NOT_ELIGIBLE, by="U0ALICE")
    await answer(town, request, by="U0BOB")
    assert (await town.run(request)).state is State.DONE


async def test_a_requester_in_the_group_may_answer(town: Town) -> None:
    asking(town, who="[owners]")
    request = await town.ask(ASK, by="U0BOB")
    await town.run(request)
    assert (await answer(town, request, by="U0BOB")).counted


async def test_unless_the_skill_leaves_them_out(town: Town, refused: Refusal) -> None:
    asking(town, who="[owners]", more=", exclude: [requester]")
    request = await town.ask(ASK, by="U0BOB")
    await town.run(request)
    await refused(request, RefusedBecause.SELF_APPROVAL, by="U0BOB")
    assert (await answer(town, request, by="U0ERIN")).counted


@pytest.mark.parametrize("standing", [one for one in Standing if one is not Standing.MEMBER])
async def test_no_bot_guest_or_stranger(town: Town, refused: Refusal, standing: Standing) -> None:
    request = await asked(town)
    town.directory.standings["U0BOB"] = standing
    await refused(request, RefusedBecause.NOT_A_MEMBER, by="U0BOB")


async def test_nobody_whom_the_directory_does_not_know(town: Town, refused: Refusal) -> None:
    request = await asked(town)
    town.directory.strangers.add("U0BOB")
    await refused(request, RefusedBecause.UNKNOWN_PERSON, by="U0BOB")


async def test_a_skill_that_asks_a_group_there_is_not_is_denied_before_it_begins(town: Town) -> None:
    asking(town, who="[requester, onwers]")
    found = await town.get(await town.ask(ASK))
    assert found.state is State.REFUSED
    assert found.outcome is not None
    assert found.outcome.sentence == "Its step go_on asks @onwers, whom people.yaml does not know."


async def test_not_knowing_is_not_a_no(town: Town, refused: Refusal) -> None:
    request = await asked(town)
    town.directory.away = True
    assert "try again" in await refused(request, RefusedBecause.UNDETERMINED, by="U0BOB")
    town.directory.away = False
    assert (await answer(town, request, by="U0BOB")).counted


async def test_who_is_in_a_group_is_asked_at_the_answer(town: Town, refused: Refusal) -> None:
    request = await asked(town)
    town.directory.groups["owners"] = {"carol"}
    await refused(request, RefusedBecause.NOT_ELIGIBLE, by="U0BOB")
    assert (await answer(town, request, by="U0CAROL")).counted


async def test_who_sits_for_somebody_away_answers_for_them(town: Town) -> None:
    request = await asked(town)
    carol_for_bob = Seats.of({Principal("bob")}, {Principal("bob"): Principal("carol")})

    async def members(_: Group) -> frozenset[Principal]:
        return carol_for_bob

    town.directory.members = members  # type: ignore[method-assign]
    assert (await answer(town, request, by="U0CAROL")).counted
    done = await town.run(request)
    assert [e.output for e in done.journal if e.posed][-1] == "carol, for bob, answered “Go on”."
    [line] = [one for one in await audited(town.store.redis, town.store.keys) if one["kind"] == "answered"]
    assert (line["principal"], line["sits_for"]) == ("carol", ["bob"])


# What is no answer


async def test_a_forged_or_foreign_press(town: Town, refused: Refusal) -> None:
    request = await asked(town)
    await refused(request, RefusedBecause.FORGED, by="U0BOB", genuine=False)
    await refused(request, RefusedBecause.WRONG_WORKSPACE, by="U0BOB", team="T0ELSEWHERE")
    await refused(request, RefusedBecause.WRONG_MESSAGE, by="U0BOB", message_ts="1.1")
    await refused(request, RefusedBecause.STALE_CARD, by="U0BOB", card_revision=0)


@pytest.mark.parametrize(
    "choice", ["", "0.0", "2.2", "2.-1", "2.", ".0", "99.0", "x.y", "٢.0", "3.0", "2.0.0", "2.99999999"]
)
async def test_a_choice_that_there_is_not(town: Town, refused: Refusal, choice: str) -> None:
    request = await asked(town)
    found = await town.get(request)
    assert found.question is not None
    assert found.question[0] == 2
    await refused(request, RefusedBecause.UNKNOWN_CHOICE, by="U0BOB", choice=choice)


async def test_a_second_answer_whoever_gives_it(town: Town, refused: Refusal) -> None:
    request = await asked(town)
    await answer(town, request, by="U0BOB")
    said = await refused(request, RefusedBecause.ALREADY_COUNTED, TAKE_BACK, by="U0BOB", choice="2.1")
    assert "bob answered “Go on”" in said
    said = await refused(request, RefusedBecause.ALREADY_DECIDED, by="U0ERIN", choice="2.1")
    assert "bob answered “Go on”" in said
    await town.run(request)
    await refused(request, RefusedBecause.ALREADY_DECIDED, by="U0ERIN", choice="2.1")
    assert town.log == ["first hello", "second Go on"]


async def test_the_same_press_delivered_twice_is_one_answer(town: Town) -> None:
    request = await asked(town)
    first = await answer(town, request, by="U0BOB", id="press", choice="2.0")
    before = await snapshot(town.store.redis, town.store.keys)
    again = await answer(town, request, by="U0BOB", id="press", choice="2.0")
    assert (again.counted, again.text) == (first.counted, first.text)
    assert await snapshot(town.store.redis, town.store.keys) == before


async def test_two_answers_at_one_moment_are_one(town: Town) -> None:
    request = await asked(town)
    said = await asyncio.gather(
        answer(town, request, by="U0BOB", choice="2.0"), answer(town, request, by="U0ERIN", choice="2.1")
    )
    assert sorted(one.counted for one in said) == [False, True]
    assert (await kinds(town)).count("answered") == 1
    assert next(one.reason for one in said if not one.counted) is RefusedBecause.ALREADY_DECIDED


async def test_an_answer_to_the_question_before(town: Town, refused: Refusal) -> None:
    two = QUESTION.replace("id: go_on", "id: sure").replace(
        "${inputs.word} &", "${steps.go_on.answer}, bob said &"
    )
    town.edit("skills/touch/skill.yaml", "\n  - {id: second,", two % ("[owners]", ""))
    town.review()
    request = await asked(town)
    await answer(town, request, by="U0BOB")
    found = await town.run(request)
    assert found.question is not None
    assert found.question[1].question.startswith("Go on, bob said")
    await refused(request, RefusedBecause.ALREADY_DECIDED, by="U0ERIN", choice="2.1")
    assert (await answer(town, request, by="U0ERIN")).counted
    assert answers((await town.get(request)).journal) == {"go_on": "Go on", "sure": "Go on"}


async def test_answers_to_what_asks_nothing(town: Town, refused: Refusal) -> None:
    request = await town.ask("touch hello to production")
    await refused(request, RefusedBecause.UNKNOWN_CHOICE, by="U0BOB", choice="0.0")


# Ending it while it waits


async def test_stop_ends_it_while_it_waits(town: Town, refused: Refusal) -> None:
    request = await asked(town)
    assert (await town.click(request, "stop", by="U0ALICE")).counted
    assert await town.state(request) is State.RUNNING
    assert request in await town.store.queued(), "a worker is called at once"
    await refused(request, RefusedBecause.STALE_CARD, by="U0BOB", choice="2.0")
    ended = await town.run(request)
    assert (ended.state, town.log) == (State.ROLLED_BACK, ["first hello", "undo-first hello"])
    assert ended.outcome is not None
    assert ended.outcome.sentence == "Stopped by alice. What had begun was undone."
    await refused(request, RefusedBecause.ALREADY_DECIDED, by="U0BOB", choice="2.0")


async def test_so_does_the_word_cancel(town: Town) -> None:
    request = await asked(town)
    assert await town.flow.cancel(request, "U0ALICE") == f"{request} is stopping."
    assert (await town.run(request)).state is State.ROLLED_BACK


async def test_a_stop_that_comes_with_the_question_is_not_lost(town: Town) -> None:
    """It is pressed after the worker has read the journal and before it writes the question."""
    request = await town.ask(ASK)
    commit, pressed = town.store.commit, False

    async def between(one: Any) -> Any:
        nonlocal pressed
        if one.event.value == "asked" and not pressed:
            pressed = True
            assert (await town.click(request, "stop", by="U0ALICE")).counted
        return await commit(one)

    town.store.commit = between  # type: ignore[method-assign]
    ended = await town.run(request)
    assert (ended.state, town.log) == (State.ROLLED_BACK, ["first hello", "undo-first hello"])
    assert "asked" not in await kinds(town)


def revoke(town: Town) -> None:
    digest = town.artifacts.skills()["touch"].digest
    (town.root / "skills" / "revoked.yaml").write_text(
        f"revoked:\n  - {{digest: {digest}, reason: It writes to the wrong file.}}\n"
    )


async def test_what_is_revoked_while_it_waits_ends_without_an_answer(town: Town, refused: Refusal) -> None:
    request = await asked(town)
    await town.labour.sweeping.drifted()
    assert await town.store.queued() == set()
    revoke(town)
    await town.labour.sweeping.drifted()
    await town.labour.sweeping.drifted()
    assert await town.store.queued() == {request}
    ended = await town.run(request)
    assert (ended.state, town.log) == (State.FAILED, ["first hello"])
    assert ended.outcome is not None
    assert ended.outcome.sentence.endswith("What it did (first) was not undone: a person must look.")
    await refused(request, RefusedBecause.ALREADY_DECIDED, by="U0BOB", choice="2.0")


async def test_so_does_what_is_mended_and_revoked_meanwhile(town: Town) -> None:
    request = await asked(town)
    revoke(town)
    town.edit("skills/touch/skill.yaml", "version: 1.0.0", "version: 1.0.1")
    town.review()
    await town.labour.sweeping.drifted()
    ended = await town.run(request)
    assert (ended.state, town.log) == (State.FAILED, ["first hello"])
    assert ended.outcome is not None
    assert ended.outcome.sentence.startswith("touch 1.0.0 was stopped: it was revoked")


async def test_a_skill_that_changes_while_it_waits_is_left_to_a_person(town: Town) -> None:
    request = await asked(town)
    before = (town.root / "skills/touch/step.py").read_text()
    town.edit("skills/touch/step.py", "import json", "import json  # edited")
    town.review()
    await town.labour.sweeping.drifted()
    found = await town.run(request)
    assert found.state is State.INTERRUPTED
    assert found.notes == ("touch changed while this ran: what was approved cannot go on.",)
    (town.root / "skills/touch/step.py").write_text(before)
    town.review()
    skip = await town.click(request, "skip_step", by="U0ALICE")
    assert not skip.counted, "a question cannot have happened unseen"
    assert (await town.click(request, "retry_step", by="U0ALICE")).counted
    again = await town.run(request)
    assert again.state is State.ASKING
    assert again.question is not None
    refused = await town.click(request, "answer", by="U0BOB", choice="2.0")
    assert refused.reason is RefusedBecause.STALE_CARD
    assert (await answer(town, request, by="U0BOB")).counted
    assert (await town.run(request)).state is State.DONE


# Crashes


async def test_the_answer_is_taken_by_a_new_process_and_the_run_by_another(town: Town) -> None:
    request = await asked(town)
    town = town.restart()
    assert (await answer(town, request, by="U0BOB")).counted
    town = town.restart()
    done = await town.run(request, worker="w9")
    assert (done.state, town.log) == (State.DONE, ["first hello", "second Go on"])


async def test_a_worker_that_dies_before_it_asked_leaves_one_question_to_its_successor(town: Town) -> None:
    request = await town.ask(ASK)
    commit = town.store.commit

    async def dies(one: Any) -> Any:
        if one.event.value == "asked":
            raise asyncio.CancelledError
        return await commit(one)

    town.store.commit = dies  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await town.labour.running.run(request, worker="w1")
    found = await town.restart().run(request, worker="w2")
    assert (found.state, town.log) == (State.ASKING, ["first hello"])
    assert (await kinds(town)).count("asked") == 1


async def test_a_question_whose_reply_was_lost_is_written_once(town: Town) -> None:
    request = await town.ask(ASK)
    commit, told = town.store.commit, 0

    async def twice(one: Any) -> Any:
        nonlocal told
        done = await commit(one)
        if one.event.value == "asked":
            told += 1
            again = await commit(one)
            assert again.again
        return done

    town.store.commit = twice  # type: ignore[method-assign]
    await town.run(request)
    assert (told, (await kinds(town)).count("asked")) == (1, 1)
    assert len([entry for entry in (await town.get(request)).journal if entry.posed]) == 1


async def test_work_that_is_lost_after_the_answer_is_found_again(town: Town) -> None:
    request = await asked(town)
    await answer(town, request, by="U0BOB")
    await idle(town)
    await pass_by(town.store.redis, town.store.keys, seconds=60)
    await town.labour.sweeping.lost_work()
    assert request in await town.store.queued()


# What may be asked


async def test_choices_that_values_make_alike_are_not_asked(town: Town) -> None:
    town.edit(
        "skills/touch/skill.yaml", "choices: [Go on, Take it back]", 'choices: ["${inputs.word}", hello]'
    )
    town.edit("skills/touch/skill.yaml", "stop_on: [Take it back],", "")
    town.review()
    ended = await town.run(await town.ask(ASK))
    assert ended.outcome is not None
    assert (ended.state, town.log) == (State.ROLLED_BACK, ["first hello", "undo-first hello"])
    why = "Two choices are the same once values are filled in: hello, hello. What had begun was undone."
    assert ended.outcome.sentence == why
