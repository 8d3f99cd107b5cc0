"""`assent skills test`: cases are run for real, and one that ends otherwise is a finding."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hosting import alive

SKILL = """\
name: greet
version: 1.0.0
owners: ["@platform"]
lifecycle: draft
summary: Writes a greeting.
examples: ["greet who=ada"]
inputs:
  type: object
  additionalProperties: false
  required: [who]
  properties:
    who: {type: string, pattern: '[a-z]+', description: Whom to greet}
environments: [development]
effects: {destructive: false, risk: {development: 1}, lock: "${inputs.who}"}
permissions: {exec: [greeter], env: [TONE]}
cost: {ceiling_usd: {development: "0.10"}}
plan:
  - {id: plan, run: [greeter, plan, "${inputs.who}"], timeout: 20s}
steps:
  - {id: say, title: "Greet ${inputs.who}", run: [greeter, say, "${inputs.who}"], timeout: 20s,
     repeat: REPEAT, undo: [greeter, unsay, "${inputs.who}"]}
done_when:
  measure: {run: [greeter, measure], timeout: 20s}
  checks: [{name: greeted once, observed: greetings, at_least: 1, at_most: 1}]
on_fail: undo
limits: {wall: 1m}
"""
GREETER = """\
#!/bin/sh
# A fake: it keeps its greetings beside itself.
said="${0%/*}/said"
case "$1" in
  plan)
    if [ "$2" = nobody ]; then echo '{"refused": "There is nobody to greet."}'; exit 3; fi
    target='"target": {"identity": "said", "revision": "1"}'
    echo "{\\"summary\\": \\"greet $2 ${TONE:-plainly}\\", $target}" ;;
  say) echo "hello $2" >> "$said"; [ "$2" != mute ] ;;
  unsay) : > "$said" ;;
  measure)
    count=0
    while read -r _; do count=$((count + 1)); done < "$said"
    echo "{\\"greetings\\": $count}" ;;
esac
"""
CASES = """\
cases:
  - {name: a greeting, inputs: {who: ada}, environment: development, programs: tests/bin,
     plan: greet ada plainly, ends: done}
  - {name: a warm greeting, inputs: {who: ada}, environment: dev, programs: tests/bin,
     variables: {TONE: warmly}, plan: greet ada warmly, ends: done}
  - {name: nobody is refused, inputs: {who: nobody}, environment: development, programs: tests/bin,
     ends: refused, says: nobody to greet}
  - {name: a form would refuse it, inputs: {who: "1"}, environment: development, programs: tests/bin,
     ends: refused}
  - {name: it fails and is taken back, inputs: {who: mute}, environment: development, programs: tests/bin,
     ends: rolled_back, says: Step say failed}
  - {name: stopped, inputs: {who: ada}, environment: development, programs: tests/bin, stop_after: say,
     ends: rolled_back, says: Stopped}
  - {name: nobody saw the end, inputs: {who: ada}, environment: development, programs: tests/bin, lose: say,
     ends: LOST}
"""


@pytest.fixture
def greet(tmp_path: Path) -> Path:
    """A skill nobody has locked, and a fake for the one program that it starts."""
    folder = tmp_path / "skills" / "greet"
    (folder / "tests" / "bin").mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\nname: greet\ndescription: Greets.\n---\nIt greets.\n")
    (folder / "skill.yaml").write_text(SKILL.replace("REPEAT", "at_most_once"))
    (folder / "tests" / "cases.yaml").write_text(CASES.replace("LOST", "interrupted"))
    fake = folder / "tests" / "bin" / "greeter"
    fake.write_text(GREETER)
    fake.chmod(0o755)
    return folder


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_every_case_is_run_for_real_and_begins_from_nothing(assent, greet: Path) -> None:
    ran = assent("skills", "test", "--json")
    rows = {row["case"]: row for row in json.loads(ran.out)}
    assert ran.code == 0, rows
    assert len(rows) == 7
    assert rows["nobody is refused"]["details"] == ["There is nobody to greet."]


def test_a_step_whose_end_was_lost_is_repeated_only_as_it_allows(assent, greet: Path) -> None:
    """Said twice it is not greeted once any more, which the measurement sees."""
    change(greet / "skill.yaml", "repeat: at_most_once", "repeat: idempotent")
    [row] = json.loads(assent("skills", "test", "greet", "--case", "nobody saw", "--json").out)
    assert not row["passed"]
    assert row["got"] == "rolled_back"
    assert any("greeted once: must be ≥ 1 and ≤ 1, was 2" in line for line in row["details"])


def test_a_case_that_ends_otherwise_is_a_finding_with_what_happened(assent, greet: Path) -> None:
    change(greet / "tests/cases.yaml", "inputs: {who: mute}", "inputs: {who: ada}")
    ran = assent("skills", "test", "greet")
    assert ran.code == 1
    assert "FAILED greet: it fails and is taken back" in ran.said
    assert "must end: rolled_back, saying 'Step say failed' ended: done" in ran.said
    assert "7 cases, 1 of them came out otherwise." in ran.err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("ends: done}", "ends: don}", "cases.yaml:3:", id="an end there is not"),
        pytest.param("lose: say", "lose: sya", "there is no step sya. Steps are: say.", id="a step"),
        pytest.param("TONE: warmly", "PATH: /", "the skill may not see PATH", id="a variable"),
        pytest.param(
            "programs: tests/bin,\n     plan",
            "programs: tests/bni,\n     plan",
            "no file in tests/bni",
            id="a folder",
        ),
        pytest.param("name: stopped", "name: a greeting", 'two cases are called "a greeting"', id="a name"),
        pytest.param("cases:\n", "target: demo-host\ncases:\n", "may not see ASSENT_TARGET", id="a target"),
        pytest.param(
            "cases:\n", "target: tests/targt.py\ncases:\n", "there is no target", id="a target file"
        ),
        pytest.param("stop_after: say", "stop_aftr: say", "Did you mean stop_after?", id="a key"),
    ],
)
def test_cases_that_cannot_be_run_as_written_are_not_run(
    assent, greet: Path, old: str, new: str, said: str
) -> None:
    change(greet / "tests/cases.yaml", old, new)
    ran = assent("skills", "test")
    assert ran.code == 2
    assert said in ran.said
    assert ran.out == ""
    linted = assent("skills", "lint")
    assert linted.code == 1
    assert said in linted.said


def test_a_skill_without_cases_has_nothing_to_run(assent, greet: Path) -> None:
    (greet / "tests/cases.yaml").unlink()
    ran = assent("skills", "test", "greet")
    assert ran.code == 2
    assert "greet has no tests/cases.yaml" in ran.err


def test_a_shipped_case_runs_on_a_demo_host_of_its_own(assent, artifacts) -> None:
    ran = assent("skills", "test", "deploy", "--case", "answers badly", env=artifacts)
    assert ran.code == 0, ran.said
    assert "passed deploy: a version that answers badly is rolled back" in ran.said


TARGET = """\
import json, os, pathlib, sys
pathlib.Path(__file__).with_name("pid").write_text(str(os.getpid()))
print(json.dumps(SAID), flush=True)
while os.read(0, 100):
    pass
"""


@pytest.fixture
def own_target(greet: Path):
    def write(said: str) -> Path:
        (greet / "tests/target.py").write_text(TARGET.replace("SAID", said))
        change(greet / "tests/cases.yaml", "cases:\n", "target: tests/target.py\ncases:\n")
        return greet / "tests"

    return write


def test_a_target_of_the_skills_own_says_its_variables_and_is_ended(assent, own_target) -> None:
    """What the skill may not see stays unseen: the target names more than TONE."""
    tests = own_target('{"TONE": "kindly", "PATH": "/nowhere"}')
    change(tests / "cases.yaml", "plan: greet ada plainly", "plan: greet ada kindly")
    ran = assent("skills", "test", "--case", "a greeting")
    assert ran.code == 0, ran.said
    assert not alive(int((tests / "pid").read_text()))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        pytest.param(
            '{"lacks": ["haproxy"]}', "needs haproxy, not installed here", id="something is missing"
        ),
        pytest.param("sys.exit('no room')", "did not start. Its words: no room", id="it does not start"),
    ],
)
def test_a_target_that_cannot_be_is_said_and_nothing_is_run(
    assent, own_target, said: str, sentence: str
) -> None:
    own_target(said)
    ran = assent("skills", "test")
    assert ran.code == 2
    assert sentence in ran.said
    assert ran.out == ""


ASKS = """
  - {id: sure, title: "Ask about ${inputs.who}", timeout: 4h, repeat: pure,
     ask: {question: "Greet ${inputs.who} again?", choices: [Again, Enough], stop_on: [Enough], who: [hosts]}}
  - {id: again, title: "Greet ${inputs.who} again", run: [greeter, say, "${steps.sure.answer}"], timeout: 20s,
     repeat: at_most_once, undo: [greeter, unsay, "${inputs.who}"]}
done_when:"""
ANSWERED = """\
cases:
  - {name: again, inputs: {who: ada}, environment: development, programs: tests/bin, answers: {sure: Again},
     ends: done}
  - {name: enough, inputs: {who: ada}, environment: development, programs: tests/bin, answers: {sure: Enough},
     ends: rolled_back, says: the case answered “Enough”}
  - {name: silence, inputs: {who: ada}, environment: development, programs: tests/bin, answers: {sure: null},
     ends: rolled_back, says: Nobody answered the question in time}
  - {name: it waits, inputs: {who: ada}, environment: development, programs: tests/bin, ends: asking,
     says: "sure asks: Greet ada again?"}
"""


@pytest.fixture
def asks(greet: Path) -> Path:
    change(greet / "skill.yaml", "\ndone_when:", ASKS)
    change(greet / "skill.yaml", "at_least: 1, at_most: 1", "at_least: 2, at_most: 2")
    (greet / "tests" / "cases.yaml").write_text(ANSWERED)
    return greet


def test_a_case_answers_what_the_skill_asks(assent, asks: Path) -> None:
    ran = assent("skills", "test", "--json")
    rows = {row["case"]: row for row in json.loads(ran.out)}
    assert ran.code == 0, rows
    assert len(rows) == 4


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("sure: Again", "say: Again", "say is no step that asks a question. Steps that ask: sure."),
        (
            "sure: Again",
            "sure: Agian",
            "Agian is no choice of sure. Choices are: Again, Enough; null is nobody.",
        ),
    ],
)
def test_an_answer_there_is_not_is_found_before_anything_runs(
    assent, asks: Path, old: str, new: str, said: str
) -> None:
    change(asks / "tests" / "cases.yaml", old, new)
    ran = assent("skills", "test")
    assert (ran.code, said in ran.said) == (2, True), ran.said


THINKS = """\
  - id: think
    title: Word it
    timeout: 20s
    repeat: pure
    model:
      prompt: "A tone for ${inputs.who}."
      schema:
        type: object
        additionalProperties: false
        required: [who]
        properties: {who: {type: string, maxLength: 9}}
      ceilings: {usd: "0.01"}
"""
WORDED = """\
cases:
  - {name: worded, inputs: {who: ada}, environment: development, programs: tests/bin,
     models: {think: {who: grace}}, ends: done}
  - {name: no answer, inputs: {who: ada}, environment: development, programs: tests/bin,
     ends: failed, says: "he case says no answer"}
  - {name: too long, inputs: {who: ada}, environment: development, programs: tests/bin,
     models: {think: {who: gracious hopper}}, ends: failed, says: "it does not keep to its schema"}
  - {name: an option, inputs: {who: ada}, environment: development, programs: tests/bin,
     models: {think: {who: "--all"}}, ends: failed, says: may not start with a dash}
"""


def test_a_case_says_what_a_model_answers(assent, greet: Path) -> None:
    """Through everything that a run does with an answer, and without any network."""
    text = SKILL.replace("REPEAT", "idempotent").replace("steps:\n", f"steps:\n{THINKS}")
    text = text.replace('[greeter, say, "${inputs.who}"]', '[greeter, say, "${steps.think.who}"]')
    (greet / "skill.yaml").write_text(text)
    (greet / "tests" / "cases.yaml").write_text(WORDED)
    env = {"ASSENT_SKILLS": str(greet.parent)}
    ran = assent("skills", "test", "greet", env=env)
    assert ran.code == 0, ran.said + ran.err
    (greet / "tests" / "cases.yaml").write_text(
        WORDED.replace("{think: {who: grace}}", "{say: {who: grace}}")
    )
    ran = assent("skills", "test", "greet", env=env)
    assert ran.code == 2
    assert "say is no step that asks a model" in ran.said + ran.err
