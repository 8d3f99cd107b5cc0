"""`assent requests`: the record of what was asked for and what became of it."""

from __future__ import annotations

import asyncio
import json as json_text
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import opened, terminal
from bot.lifecycle import State
from bot.terms import Refused, RequestId, dollars

if TYPE_CHECKING:
    from bot.flow.request import Request
    from bot.settle.evidence import Shown

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="markdown", help="What was asked for, and what became of it."
)

Team = Annotated[str | None, typer.Option(help="The workspace, where there are several.")]
AsJson = Annotated[bool, typer.Option("--json", help="For a program to read.")]


@app.command("list")
def list_(
    state: Annotated[list[State] | None, typer.Option(help="Only these states; may be repeated.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    team: Team = None,
    json: AsJson = False,
) -> None:
    """The newest requests first.

    Such as: assent requests list --state waiting --state interrupted
    """

    async def read() -> list[Request]:
        async with opened.store(team) as store:
            return await store.recent(limit=limit, state=[one.value for one in state or ()])

    found = asyncio.run(read())
    if json:
        terminal.as_json([record(request) for request in found])
        return
    rows = [
        (
            request.id,
            request.state,
            request.invocation.sentence(),
            request.requester or request.asked_by,
            request.asked_at.strftime("%Y-%m-%d %H:%M UTC"),
        )
        for request in found
    ]
    terminal.table(("request", "state", "what", "by", "asked"), rows, empty="There are no such requests.")


@app.command()
def show(request: str, team: Team = None, json: AsJson = False) -> None:
    """One request with its decision, votes, steps and outcome.

    Such as: assent requests show r-42 --json
    """

    async def read() -> Request | None:
        async with opened.store(team) as store:
            return await store.get(RequestId(request))

    found = asyncio.run(read())
    if found is None:
        raise Refused(f"There is no request {request}. `assent requests list` shows those there are.")
    if json:
        terminal.as_json(record(found))
    else:
        terminal.table(("", ""), lines(found), empty="")


@app.command()
def evidence(request: str, team: Team = None, json: AsJson = False) -> None:
    """What its skill keeps as evidence, held against the digests in the audit; exit 1 when one does not hold.

    Such as: assent requests evidence r-42 --json
    """
    from bot.settle.evidence import evidence as shown
    from bot.store.audit import Audit

    async def read() -> tuple[Shown, ...]:
        async with opened.store(team) as store:
            found = await store.get(RequestId(request))
            if found is None:
                raise Refused(f"There is no request {request}. `assent requests list` shows those there are.")
            return shown(found.id, found.journal, await Audit(store).about(found.id))

    found = asyncio.run(read())
    if json:
        rows = [{**asdict(one), "at": one.at.isoformat(timespec="milliseconds")} for one in found]
        terminal.as_json(rows)
    else:
        columns = ("step", "at", "digest in the audit", "stored", "result")
        terminal.table(
            columns,
            [
                (
                    one.step,
                    f"{one.at:%Y-%m-%d %H:%M:%S UTC}",
                    one.digest or "no result",
                    one.holds,
                    json_text.dumps(one.result, ensure_ascii=False) if one.result is not None else "",
                )
                for one in found
            ],
            empty=f"{request} has no evidence: no step that its skill names under `evidence` has ended.",
        )
    raise typer.Exit(0 if all(one.good for one in found) else 1)


def record(request: Request) -> dict[str, Any]:
    """The record as outside programs rely on it; keys are only ever added."""
    said = request.model_dump(mode="json", by_alias=True)
    invocation, assessment = said["invocation"], said["assessment"] or {}
    return {
        "id": said["id"],
        "state": said["state"],
        "revision": said["revision"],
        "asked_at": said["asked_at"],
        "updated_at": said["updated_at"],
        "expires_at": said["expires_at"],
        **{name: invocation[name] for name in ("skill", "version", "digest", "inputs", "environment")},
        "asked_by": said["asked_by"],
        "requester": said["requester"],
        "decision": assessment.get("decision"),
        "assessment_digest": assessment.get("digest"),
        "policy": assessment.get("policy"),
        "plan": assessment.get("plan"),
        "risk": assessment.get("risk"),
        "facts": assessment.get("facts"),
        "estimate": assessment.get("estimate"),
        "votes": said["votes"],
        "question": question(request),
        "steps": steps(request),
        "outcome": said["outcome"],
        "cost": said["cost"],
        "notes": said["notes"],
        "unsent": said["unsent"],
    }


def steps(request: Request) -> list[dict[str, Any]]:
    """Each time a step began, with how it ended: `ok` is null for one nobody saw the end of."""
    rows: list[dict[str, Any]] = []
    for entry in request.journal:
        place = {"step": entry.step, "phase": entry.phase, "fence": entry.fence}
        if entry.event == "began":
            rows.append(
                {
                    **{**place, "title": entry.title, "tier": entry.tier},
                    **{"began": entry.at.isoformat(), "ended": None, "ok": None},
                    "asked": entry.posed.question if entry.posed else None,
                }
            )
        elif entry.event == "ended":
            began = next(
                (row for row in reversed(rows) if place.items() <= row.items() and not row["ended"]), None
            )
            if began is None:  # an entry whose beginning was never written still happened
                rows.append(began := {**place, "title": entry.title, "began": None, "asked": None})
            began |= {
                "ended": entry.at.isoformat(),
                "ok": entry.ok,
                "exit_code": entry.exit_code,
                "wall_ms": entry.wall_ms,
                "output": entry.output,
                "result": entry.result,
            }
    return rows


def question(request: Request) -> dict[str, Any] | None:
    """What people are asked now; null while nobody is."""
    if request.question is None:
        return None
    _, asked = request.question
    until = request.expires_at.isoformat() if request.expires_at else None
    return {"question": asked.question, "choices": list(asked.choices), "who": asked.label(), "until": until}


def lines(request: Request) -> list[tuple[str, str]]:
    """The record as a person reads it: a word and what it is."""
    from bot.authorize.delegation import in_words

    rows = [
        ("request", str(request.id)),
        ("state", request.state.value),
        ("what", request.invocation.sentence()),
        ("skill", f"{request.invocation.skill} {request.invocation.version}, {request.invocation.digest}"),
        ("asked by", f"{request.requester or request.asked_by}, {request.asked_at:%Y-%m-%d %H:%M UTC}"),
    ]
    if (assessment := request.assessment) is not None:
        rows += [
            ("decision", assessment.decision.effect),
            *(("because", f"{one.rule}: {one.why}") for one in assessment.decision.because),
            ("plan", assessment.plan.summary),
            (
                "estimate",
                _estimate(assessment.estimate.p50, assessment.estimate.p95, assessment.estimate.ceiling),
            ),
        ]
    rows += [
        (
            "vote",
            f"{in_words(vote.principal, vote.sits_for)}: "
            f"{vote.answer}, {vote.at:%H:%M}, {vote.reason}".rstrip(", "),
        )
        for vote in request.votes
    ]
    rows += [("step", f"{step['title'] or step['step']}: {_ended(step)}") for step in steps(request)]
    if request.question is not None:
        _, asked = request.question
        until = f", until {request.expires_at:%Y-%m-%d %H:%M UTC}" if request.expires_at else ""
        rows += [("asks", asked.question), ("choices", ", ".join(asked.choices))]
        rows.append(("answers", f"{asked.label()}, on the card{until}"))
    if request.outcome is not None:
        rows.append(("outcome", f"{request.outcome.kind}: {request.outcome.sentence}"))
    if request.cost is not None:
        rows.append(("cost", dollars(request.cost)))
    return rows + [("note", one) for one in (*request.notes, *request.unsent)]


def _estimate(p50: int, p95: int, ceiling: int) -> str:
    return f"{dollars(p50)} to {dollars(p95)}, hard stop {dollars(ceiling)}"


def _ended(step: dict[str, Any]) -> str:
    if step["ended"] is None:
        return "asked" if step["asked"] else "began"
    if step["asked"]:
        return str(step["output"])
    how = {True: "done", False: "failed", None: "ended"}[step["ok"]]
    return f"{how} in {step['wall_ms'] / 1000:.1f} s"
