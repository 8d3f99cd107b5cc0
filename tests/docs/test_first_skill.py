"""The tutorial about skills, followed to the letter: commands are run, files written, words heard."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = (ROOT / "docs" / "first-skill.md").read_text()
BLOCKS = re.findall(r"^```(sh|yaml|text)\n(.*?)^```$", TUTORIAL, re.DOTALL | re.MULTILINE)
FILES = iter(("policies/people.yaml", "policies/flags.yaml"))
NEEDS_SLACK = ("assent dev", "cat flags/production.json")


def test_every_step_comes_out_as_it_says(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ASSENT_", "GIT_"))}
    clean |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}", "ASSENT_CLONE": str(ROOT)}
    folder, heard, ran = tmp_path, "", 0
    for kind, text in BLOCKS:
        if kind == "yaml" and text.startswith("  - id:"):  # a step, put below the others
            manifest = folder / "skills/set-flag/skill.yaml"
            manifest.write_text(manifest.read_text().replace("\ndone_when:", f"\n{text}\ndone_when:", 1))
        elif kind == "yaml":
            path = folder / next(FILES)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        elif kind == "text":
            for line in text.splitlines():
                assert spaceless(line) in spaceless(heard), (line, heard)
            heard = ""
        elif text.startswith("export PATH") or any(word in text for word in NEEDS_SLACK):
            continue
        else:
            said = subprocess.run(
                ["bash", "--noprofile", "--norc", "-c", text],
                cwd=folder, env=clean, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            heard += said.stdout + said.stderr
            ran += 1
            folder = tmp_path / "first"
            assert said.returncode in (0, 1), (text, said.stderr)
    assert ran >= 9
    assert list(FILES) == []


def spaceless(text: str) -> str:
    """Where a table or the terminal breaks a line is not a promise."""
    return re.sub(r"\s+", "", re.sub(r"\(\d+\.\d s\)", "", text))


def test_what_is_typed_in_slack_is_a_request(tmp_path: Path) -> None:
    from bot.artifacts import Artifacts, lock
    from bot.artifacts.scaffolding import scaffold
    from bot.ask.grammar import Complete, parse

    scaffold(tmp_path / "skills", "set-flag", owner="@platform")
    artifacts = Artifacts(tmp_path / "skills", tmp_path)
    (tmp_path / "skills" / "skills.lock").write_text(lock(artifacts.skills().values()))
    for typed in re.findall(r"/assent (set-flag [^`\n]+)", TUTORIAL):
        assert isinstance(parse(typed, artifacts.skills()), Complete), typed
