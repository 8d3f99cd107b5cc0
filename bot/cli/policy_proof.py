"""`assent policy prove`: what holds for every request, and what the gates leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import opened, terminal

if TYPE_CHECKING:
    from bot.assess.proof.verdict import Example, Report, Verdict


def prove(json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False) -> None:
    """Prove each policy's invariants for every request; exit 1 when one is not proved."""
    from bot.assess.proof.proof import prove as proof_of

    report = proof_of(opened.policies())
    if json:
        terminal.as_json(_as_data(report))
    else:
        _show(report)
    if not report.proved:
        raise typer.Exit(1)


def _show(report: Report) -> None:
    from bot.assess.unfolding import told

    terminal.table(
        ("policy", "invariant", "", "what was found"),
        [(one.policy, one.invariant, one.word, _said(one)) for one in report.verdicts],
        empty="No policy has invariants.",
    )
    for one in report.verdicts:
        if one.example is not None:
            typer.echo(f"{one.policy}/{one.invariant} does not hold for this request:")
            typer.echo(_request(one.example))
    for rule in report.dead:
        terminal.note(f"{told(rule)} matches no request: correct it, or take it out.")
    for rule in report.shadowed:
        terminal.note(f"{told(rule)} changes no decision: without it every request is decided the same.")
    for silence in report.silent:
        names = ", ".join(silence.policies)
        terminal.note(f"{names}: some requests match no gate and are denied, such as:")
        terminal.note(_request(silence.example))
    for unsaid in report.unsaid:
        terminal.note(unsaid)


def _said(verdict: Verdict) -> str:
    if verdict.word == "PROVED" and verdict.requests:
        return f"for all {verdict.requests:,} kinds of request"
    return verdict.said or "every gate matches some request"


def _request(example: Example) -> str:
    return "\n".join(f"  {name}: {_written(example.facts[name])}" for name in example.told_apart)


def _written(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


def _as_data(report: Report) -> dict[str, Any]:
    return {
        "proved": report.proved,
        "invariants": [
            {
                "policy": one.policy,
                "invariant": one.invariant,
                "answer": one.word,
                "requests": one.requests,
                "reason": one.said,
                "example": _example(one.example) if one.example is not None else None,
            }
            for one in report.verdicts
        ],
        "dead_gates": list(report.dead),
        "shadowed_gates": list(report.shadowed),
        "silent": [
            {"policies": list(silence.policies), "example": _example(silence.example)}
            for silence in report.silent
        ],
        "not_looked_at": list(report.unsaid),
    }


def _example(example: Example) -> dict[str, Any]:
    return {
        "facts": example.facts,
        "told_apart": list(example.told_apart),
        "decision": example.decision.effect,
        "because": [one.rule for one in example.decision.because],
        "people": example.people,
    }
