"""What the documents promise is what the code does, as far as a program can tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from bot.authorize.click import RefusedBecause
from bot.cli.app import app
from bot.config import variables
from bot.lifecycle import State, mermaid
from bot.slack.cards.buttons import offered

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("**/skills/*/SKILL.md")])
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def read(name: str) -> str:
    return (ROOT / name).read_text()


def rows(text: str) -> list[str]:
    """The first column of every table, without the lines under the headings."""
    lines = (line.split("|")[1] for line in text.splitlines() if line.startswith("|"))
    return [first.strip() for first in lines if set(first) - set(" -:")]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([a-z_]+)`", text)


def between(text: str, start: str, end: str) -> str:
    return text.partition(start)[2].partition(end)[0]


def test_the_diagram_is_the_table() -> None:
    drawn = between(read("docs/lifecycle.md"), "```mermaid\n", "\n```")
    assert drawn == mermaid(), "docs/lifecycle.md says how to draw it anew"


def test_the_lifecycle_explains_every_state() -> None:
    explained = [name for row in rows(read("docs/lifecycle.md")) for name in quoted(row)]
    assert sorted(explained) == sorted(State)


def test_every_variable_is_in_the_table_of_the_environment() -> None:
    table = between(read("docs/operations.md"), "## Environment", "## Processes")
    documented = {name for row in rows(table) for name in re.findall(r"`([A-Z_]+)`", row)}
    assert documented == set(variables())


def test_every_command_is_a_promise() -> None:
    table = between(read("docs/interface.md"), "## Commands", "## HTTP")
    documented = {re.sub(r" (ID|NAME|PATH|KIND|OLD NEW)", "", row.strip("`")) for row in rows(table)}
    assert documented - {"command"} == set(commands())


def commands() -> Iterator[str]:
    for name, command in typer.main.get_group(app).commands.items():
        below = getattr(command, "commands", None)
        yield from (f"assent {name} {each}" for each in below) if below else (f"assent {name}",)


def test_every_state_is_listed_in_its_order() -> None:
    listed = between(read("docs/interface.md"), "### States", "What leads")
    assert quoted(listed) == [state.value for state in State]


def test_every_reason_of_a_refused_click_is_listed_in_the_order_of_the_checks() -> None:
    reasons = [reason.value for reason in RefusedBecause]
    listed = between(read("docs/interface.md"), "### Reasons of a refused click", "With `not_a_member`")
    assert quoted(listed) == reasons
    checks = between(read("docs/gate.md"), "## What a click must pass", "Between the checks")
    assert quoted(checks)[-len(reasons) :] == reasons


def test_every_button_has_its_action_id_in_the_interface() -> None:
    listed = quoted(between(read("docs/interface.md"), "Buttons have", "An `action_id` may"))
    assert {button for state in State for button in offered(state)} <= set(listed)


def test_the_card_table_names_every_state() -> None:
    table = between(read("docs/slack.md"), "## The card", "## Delivery")
    assert sorted(name for row in rows(table) for name in quoted(row)) == sorted(State)


def test_every_decision_is_in_the_list_of_decisions() -> None:
    files = {path.name for path in ROOT.glob("docs/decisions/0*.md")}
    assert set(re.findall(r"\((0[^)]+)\)", read("docs/decisions/README.md"))) == files


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[^\w-]", one)[0] for one in wanted}
    explained = re.findall(r"[\w-]+", " ".join(rows(read("docs/decisions/0003-libraries.md"))))
    assert {name for name in names if not name.startswith("types-")} <= set(explained)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in _LINK.findall(_FENCED.sub("", document.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, heading = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert target.is_relative_to(ROOT), f"{link} leads out of the repository"
        assert not heading or heading in headings(target), link


def headings(document: Path) -> set[str]:
    """Each heading as GitHub anchors it."""
    titles = re.findall(r"^#+ (.*)$", _FENCED.sub("", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_ci_runs_the_command_of_the_readme() -> None:
    commands = re.findall(r"^python3 -m venv .*$", read("README.md"), re.MULTILINE)
    assert [command.rpartition(" -- ")[2].split("--frozen ")[1] for command in commands] == [
        "--no-dev assent dev",
        "--no-dev assent demo",
        "python -m tests",
    ]
    assert len({command.partition(" run ")[0] for command in commands}) == 1
    assert commands[-1] in read(".ci/run").splitlines()
