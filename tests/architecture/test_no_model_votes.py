"""No path leads from what a model says to an answer: only a press of a button by a person becomes one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]

CLICKS = {
    "bot.slack.clicks": "reads a press of a button out of what Slack signed",
    "bot.slack.inbox": "reads what was kept of such a press",
    "bot.flow.answering": "for `/assent cancel`, which a person typed",
}
VOTES = {
    "bot.flow.voting": "counts a click that has passed every check",
    "bot.store.records": "reads what was counted",
}
REPLIES = {"bot.flow.replying": "counts an answer to the question of a run, as a vote is counted"}
IMAGINED = {
    "bot.authorize.asked": "what somebody's yes would lead to: it knows no store, and nothing of it is kept"
}

LIBRARIES = frozenset({"litellm", "openai", "anthropic"})
HEARS = ("bot.llm", "bot.execute.steps.model", "bot.flow.conversing")
"""Where what a model says is first in our hands, and where its words are weighed."""
BUILDERS = ("bot.web", "bot.worker", "bot.process", "bot.cli", "bot.slack.edge")
"""Composition roots know everybody, hand each what it needs, and hear nothing themselves."""


@pytest.mark.parametrize(("made", "places"), [("Click", {*CLICKS}), ("Vote", {*VOTES, *IMAGINED})])
def test_answers_are_made_in_these_places_alone(made: str, places: set[str]) -> None:
    assert {module for module, tree in sources().items() if made in makes(tree)} == places


def test_one_place_writes_votes() -> None:
    writers = {
        module
        for module, tree in sources().items()
        for call in calls(tree)
        if "vote" in {keyword.arg for keyword in call.keywords}
    }
    assert writers == {"bot.flow.voting"}


def test_one_place_counts_answers_to_what_a_run_asks() -> None:
    """The command line answers in cases, which run nothing that anybody asked for."""

    def users(home: str, name: str) -> set[str]:
        return {
            module
            for module, tree in sources().items()
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            and node.module == home
            and name in {n.name for n in node.names}
        }

    assert users("bot.flow.waited", "answering") == {*REPLIES}
    assert users("bot.execute.steps.ask", "answered") == {"bot.flow.waited", "bot.cli.rehearsal"}


def test_what_hears_a_model_can_call_none_of_them() -> None:
    assert wrong(graph()) == []


@pytest.mark.parametrize(
    ("importer", "imported", "seen"),
    [
        pytest.param("bot.slack.spoken", "bot.llm", False, id="words that people confirm"),
        pytest.param("bot.flow.performing", "bot.llm", False, id="a step of a run"),
        pytest.param("bot.flow.conversing", "bot.flow.voting", True, id="a conversation that counts"),
        pytest.param("bot.flow.deeds", "bot.flow.answering", True, id="a step that answers"),
        pytest.param("bot.slack.clicks", "bot.llm", True, id="whoever reads presses asks a model"),
        pytest.param("bot.slack.interactions", "bot.llm", True, id="whoever hands presses on asks a model"),
        pytest.param("bot.flow.voting", "openai", True, id="whoever counts asks a library"),
        pytest.param("bot.flow.replying", "openai", True, id="whoever counts answers asks a library"),
        pytest.param("bot.llm", "bot.flow.answering", True, id="a model's module answers"),
    ],
)
def test_it_would_be_seen(importer: str, imported: str, seen: bool) -> None:
    supposed = deepcopy(graph())
    for name in ("bot.llm", imported):
        if name not in supposed.modules:
            supposed.add_module(name, is_squashed=not name.startswith("bot"))
    supposed.add_import(importer=importer, imported=imported)
    assert bool(wrong(supposed)) == seen


def wrong(modules: grimp.ImportGraph) -> list[str]:
    """Each way from whatever hears a model to a place where an answer is made."""
    models = {name for name in modules.modules if name.split(".")[0] in LIBRARIES or within(name, HEARS)}
    callers = {name for model in models for name in modules.find_modules_that_directly_import(model)}
    hearing = {name for name in models | callers if not within(name, BUILDERS) and name.startswith("bot.")}
    return [
        f"{one} → {maker}"
        for one in sorted(hearing)
        for maker in sorted({*CLICKS, *VOTES, *REPLIES})
        if one == maker or modules.find_shortest_chain(importer=one, imported=maker)
    ]


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("bot", include_external_packages=True, cache_dir=None)


@cache
def sources() -> dict[str, ast.Module]:
    files = sorted((ROOT / "bot").rglob("*.py"))
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            path.read_text()
        )
        for path in files
        if "history" not in path.parts
    }


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def makes(tree: ast.Module) -> set[str]:
    """The classes that something is made of: called by their own name, or by one they were imported under."""
    renamed = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    found = set()
    for call in calls(tree):
        made = call.func.value if isinstance(call.func, ast.Attribute) else call.func
        if isinstance(made, ast.Name) and (made is call.func or call.func.attr.startswith("model_")):  # type: ignore[attr-defined]
            found.add(renamed.get(made.id, made.id))
        elif isinstance(made, ast.Attribute):
            found.add(made.attr)
    return found
