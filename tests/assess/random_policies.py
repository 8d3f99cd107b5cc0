"""Policies and requests that nobody would write, from a seed: the proof must agree with `decide()` on all."""

from __future__ import annotations

from random import Random
from typing import Any

from bot.assess.facts import Facts

from .writing import HEAD, document

SKILLS = ("deploy", "rotate", "deploy-more")
VERSIONS = ("", "1.0.0", "2.0.0", "2.1.0", "20.0.0", "2", "x")
TEXTS = ("", "a", "b", "X", "checkout", "infra/x", "staging", "other-1", "alice", "bobby", "2.1.0")
NUMBERS = (-1e9, -1.0, 0.0, 0.5, 5.0, 5.000001, 25.0, 1e9)
EXACT = (
    "true",
    "false",
    "request.destructive",
    "skill.open_world",
    "request.risk < {risk}",
    "{risk} <= request.risk",
    "request.risk == {risk}",
    "request.risk != {risk}",
    "request.risk in [{risk}, {risk}, 100]",
    "100 / request.risk > 3",
    "request.risk * 2 - {risk} > 20",
    "request.risk % 7 == 3",
    "plan.changes > {count}",
    "plan.changes == {count}",
    "plan.changes > request.risk",
    "plan.changes < evidence.runs",
    "request.cost_usd > {money}",
    "request.cost_usd == {money}",
    "request.cost_usd <= request.ceiling_usd",
    "request.ceiling_usd > budget.left_usd",
    "budget.left_usd == request.ceiling_usd",
    "budget.left_usd >= {money}",
    'request.environment == "{env}"',
    'request.environment in ["{env}", "staging"]',
    "request.environment < request.mode",
    "request.environment == request.inputs.env",
    'request.environment.startsWith("st")',
    'request.mode != "mutate"',
    'request.mode == "mutate" == request.destructive',
    "(request.destructive ? request.risk : 50) > {risk}",
    "request.skill == actor.principal",
    'request.version == "{version}"',
    "request.version == request.inputs.version",
    "size(request.inputs.version) > {size}",
    'actor.principal == "{text}"',
    "actor.principal in skill.owners",
    "actor.principal != plan.target",
    "size(actor.principal) >= {size}",
    "actor.principal.size() < {size}",
    '"{text}" in actor.groups',
    '"{text}" in skill.owners',
    "size(actor.groups) > {size}",
    "size(freeze.active) > 0",
    "freeze.active.size() == {size}",
    "has(request.inputs.ticket)",
    '"ticket" in request.inputs',
    'request.inputs.ticket == "{text}"',
    'request.inputs["ticket"] != "{text}"',
    'request.inputs.ticket in ["a", "{text}"]',
    "request.inputs.ticket == request.inputs.env",
    "request.inputs.ticket == actor.principal",
    "size(request.inputs) >= {size}",
    "evidence.success_lb >= 0.9",
    "evidence.digest_runs > {size}",
    "evidence.failures_30d > {size}",
    "evidence.days_since_failure < 14",
    "evidence.draw < 0.1",
    "actor.waiting > {count}",
    "request.break_glass",
    'request.reason == "{text}"',
    'request.incident != ""',
    "request.incident == actor.principal",
    "size(plan.authors) > {size}",
    '"{text}" in plan.authors',
    "actor.principal in plan.authors",
    'plan.last_committer == "{text}"',
    "plan.last_committer == actor.principal",
    "size(plan.beneficiary) > {size}",
    'has(plan.labels.bump) && plan.labels.bump == "{text}"',
)
GUESSED = (
    'request.inputs.env.startsWith("{text}")',
    'actor.principal.endsWith("y")',
    'actor.groups.exists(g, g == "{text}" || g.contains("x"))',
    "freeze.active.all(f, size(f) > {size})",
    "request.cost_usd * 2.0 > budget.left_usd + {money}",
    "plan.changes % 2 == 0",
    'request.inputs[actor.principal] == "{text}"',
    'request.inputs.all(k, request.inputs[k] != "{text}")',
    "actor.groups == skill.owners",
    'plan.target.matches("^(a|b)+$")',
    "size(plan.targets) > plan.changes",
)
EFFECTS = (
    "allow: true",
    "allow: true",
    "deny: Not now.",
    "require: {all_of: [{group: release}]}",
    "require: {all_of: [{group: release}]}",
    "require: {all_of: [{group: release, count: 2}], any_of: [{group: sre, count: 3}, {person: bob}]}",
    "require: {stage: safety, after: review, all_of: [{group: sre}]}",
    "require: {stage: safety, any_of: [{group: sre, count: 2}, {group: leads}]}",
    "require: {stage: money, distinct: false, all_of: [{group: finops, count: 2}]}",
)
ONE, TWO = "{all_of: [{group: release}]}", "{all_of: [{group: release, count: 2}]}"
GLASS = "notify: [sre], review_by: [leads]"
UNFOLDING = (
    ("deny: Not now.", f"override: {{all_of: [{{group: release}}], {GLASS}}}"),
    (
        "deny: Not now.",
        f"override: {{any_of: [{{group: sre, count: 2}}, {{group: leads}}], {GLASS}, ttl: 5m}}",
    ),
    ("deny: Not now.", f"override: {{all_of: [{{group: leads}}], exclude: [requester, author], {GLASS}}}"),
    (f"require: {TWO}", "earned: {runs: 5, success_lb: 0.9, probation: 1}"),
    (f"require: {TWO}", f"earned: {{runs: 25, success_lb: 0.9, cool_down_days: 7, instead: {ONE}}}"),
    (
        f"require: {ONE}",
        "earned: {runs: 5, success_lb: 0.5, sample: 0.5, failures_30d: 1,"
        " instead: {all_of: [{group: sre}], exclude: [last_committer]}}",
    ),
    ("require: {all_of: [{group: release}], exclude: [requester, author]}",),
    ("require: {all_of: [{group: release}], exclude: [beneficiary, last_committer], veto: [sre]}",),
    ("require: {all_of: [{group: release}], deny: 2, veto: [leads], reason: required}",),
    ("require: {all_of: [{group: release}], confirm: typed}",),
)
"""Effects that unfold into several, or that add to who may say no."""
APPLIES = ("[deploy]", "['*']", "[deploy, rotate]", "[deploy@2]", "[deploy@2, rotate]")


def atom(random: Random, guessing: bool) -> str:
    source = random.choice(GUESSED if guessing and random.random() < 0.25 else EXACT)
    for name, values in (
        ("{risk}", (0, 1, 10, 39, 40, 70, 100)),
        ("{count}", (0, 5, 25, 10_000)),
        ("{money}", (0.0, 0.5, 5.0, 25.0)),
        ("{env}", ("development", "staging", "production")),
        ("{version}", VERSIONS),
        ("{text}", TEXTS),
        ("{size}", (0, 1, 2, 5)),
    ):
        while name in source:
            source = source.replace(name, str(random.choice(values)), 1)
    return source


def condition(random: Random, *, depth: int, guessing: bool, lets: list[str]) -> str:
    if depth == 0 or random.random() < 0.2:
        if lets and random.random() < 0.3:
            name = random.choice(lets)
            return name if random.random() < 0.8 else f"({name}) == request.destructive"
        return atom(random, guessing)
    parts = [condition(random, depth=depth - 1, guessing=guessing, lets=lets) for _ in range(3)]
    form = random.choice(
        (
            "({0}) && ({1})",
            "({0}) || ({1})",
            "(({0}) && ({1})) || !({2})",
            "({0}) && ({1}) && ({2})",
            "!({0})",
            "({0}) ? ({1}) : ({2})",
        )
    )
    return form.format(*parts)


def policy(random: Random, name: str, *, guessing: bool, invariants: int = 0, unfolding: float = 0.3) -> str:
    """One runbook as YAML; `unfolding` is how often a gate is one that unfolds into several."""
    lines = [HEAD.format(name=name).replace("[deploy]", random.choice(APPLIES))]
    if random.random() < 0.25:
        lines.append("may_request: [a, engineers]")
    lets = [f"let_{number}" for number in range(random.randrange(3))]
    said = [f"  {one}: {_quoted(condition(random, depth=1, guessing=guessing, lets=[]))}" for one in lets]
    lines += ["let:", *said] if said else []
    lines.append("gates:")
    for number in range(random.randrange(1, 6)):
        when = condition(random, depth=random.randrange(3), guessing=guessing, lets=lets)
        effect = random.choice(UNFOLDING) if random.random() < unfolding else (random.choice(EFFECTS),)
        if any(line.startswith("earned") for line in effect):
            when = f"({when}) && !request.destructive"
        lines += [f"  - id: g{number}", "    why: Because.", f"    when: {_quoted(when)}"]
        lines += [f"    {line}" for line in effect]
    lines.append(
        "  - {id: stages, why: so that they exist, when: 'false', require: {all_of: [{group: sre}]}}"
    )
    if invariants:
        lines.append("invariants:")
    for number in range(invariants):
        given = condition(random, depth=random.randrange(2), guessing=guessing, lets=lets)
        claim = random.choice(
            (
                "never: allow",
                "only: deny",
                "only: [allow, require]",
                "never: [require, deny]",
                "min_people: 2",
                "never: deny, min_people: 1",
            )
        )
        lines.append(f"  - {{id: i{number}, given: {_quoted(given)}, {claim}}}")
    return "\n".join(lines) + "\n"


def _quoted(source: str) -> str:
    return "'" + source.replace("'", "''") + "'"


def documents(random: Random, *, guessing: bool, invariants: int = 0) -> dict[str, Any]:
    names = ("p", "q")[: random.choice((1, 1, 2))]
    texts = {name: policy(random, name, guessing=guessing, invariants=invariants) for name in names}
    return {f"policies/{name}.yaml": document(text) for name, text in texts.items()}


def request(random: Random) -> Facts:
    """Facts that are often at, just below and just above what conditions ask for."""

    def text() -> str:
        return random.choice((*TEXTS, "zz", "deploy", "a" * random.randrange(7)))

    def texts() -> list[str]:
        return [text() for _ in range(random.choice((0, 0, 1, 2, 3, 6)))]

    def money() -> float:
        near = random.choice(NUMBERS) + random.choice((0.0, 0.0, 1.0, -1.0, 1e-9))
        return max(-1e9, min(1e9, near if random.random() < 0.8 else random.uniform(-50, 50)))

    entries = {key: text() for key in ("ticket", "env", "version", "a", "alice") if random.random() < 0.5}
    if random.random() < 0.2:
        entries["env"] = random.choice(("development", "staging", "production"))
    return Facts.of(
        {
            "request.skill": random.choice((*SKILLS, "deploy", "deploy", "alice")),
            "request.version": random.choice((*VERSIONS, "2.7.3", "3.0")),
            "request.environment": random.choice(("development", "staging", "production")),
            "request.mode": random.choice(("read_only", "mutate")),
            "request.destructive": random.random() < 0.5,
            "request.risk": random.choice((0, 1, 9, 10, 11, 39, 40, 41, 69, 70, random.randint(0, 100))),
            "request.cost_usd": money(),
            "request.ceiling_usd": money(),
            "request.inputs": entries,
            "actor.principal": random.choice((text(), "alice")),
            "actor.groups": texts(),
            "plan.changes": random.choice((0, 1, 4, 5, 6, 25, 26, 10_000, random.randint(0, 100))),
            "plan.target": text(),
            "plan.targets": texts(),
            "skill.owners": texts(),
            "skill.open_world": random.random() < 0.5,
            "freeze.active": texts(),
            "budget.left_usd": money(),
            "evidence.runs": random.choice((0, 4, 5, 25, 1_000_000, random.randint(0, 100))),
            "evidence.success_lb": random.choice((0.0, 0.49, 0.5, 0.89, 0.9, 1.0)),
            "evidence.digest_runs": random.choice((0, 1, 2, 3, 4, 1_000_000)),
            "evidence.failures_30d": random.choice((0, 0, 1, 2)),
            "evidence.days_since_failure": random.choice((0, 6, 7, 13, 14, 3650)),
            "evidence.draw": random.choice((0.0, 0.09, 0.1, 0.49, 0.5, 1.0)),
            "actor.waiting": random.choice((0, 5, 6, 10_000)),
            "request.break_glass": random.random() < 0.6,
            "request.reason": random.choice(("", "a", "It is down.")),
            "request.incident": random.choice(("", "a", "INC-1", "alice")),
            "plan.authors": texts(),
            "plan.last_committer": text(),
            "plan.beneficiary": text(),
            "plan.labels": {"bump": text()} if random.random() < 0.5 else {},
        }
    )
