"""`assent skills sign`, `verify` and `lock`, as a team uses them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "id_alice"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True, timeout=20)
    return path


@pytest.fixture
def signers(artifacts: dict[str, str], key: Path) -> Path:
    allowed = Path(artifacts["ASSENT_POLICIES"]) / "allowed_signers"
    public = key.with_suffix(".pub").read_text()
    allowed.write_text(f'alice@acme.test namespaces="assent-skill" {public}')
    return allowed


def test_signed_locked_and_verified(assent, artifacts, key: Path, signers: Path) -> None:
    assert assent("skills", "list", env=artifacts).code == 1, "from now on all must be signed"
    for name in ("deploy", "service-status"):
        assert assent("skills", "sign", name, "--key", str(key), env=artifacts).code == 0
    assert assent("skills", "lock", "--reviewed-by", "bob@acme.test", env=artifacts).code == 0
    ran = assent("skills", "verify", "--json", env=artifacts)
    assert ran.code == 0, ran.out
    for row in json.loads(ran.out):
        assert (row["good"], row["reviewed"], row["revoked"]) == (True, True, False)
        assert (row["signer"], row["reviewed_by"]) == ("alice@acme.test", "bob@acme.test")
    assert assent("skills", "lint", env=artifacts).code == 0


def test_anybody_can_verify_with_openssh_alone(assent, artifacts, key: Path, signers: Path) -> None:
    assert assent("skills", "sign", "deploy", "--key", str(key), env=artifacts).code == 0
    said = assent("skills", "sign", "deploy", "--print", env=artifacts).out
    assert said.splitlines()[:2] == ["assent-skill 1", "name deploy"]
    signature = Path(artifacts["ASSENT_SKILLS"]) / "deploy.sig"
    argv = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", "alice@acme.test", "-n", "assent-skill"]
    ran = subprocess.run([*argv, "-s", str(signature)], input=said.encode(), check=False, timeout=20)
    assert ran.returncode == 0


def test_an_edit_after_the_signature_is_a_finding(assent, artifacts, key: Path, signers: Path) -> None:
    assent("skills", "sign", "deploy", "--key", str(key), env=artifacts)
    script = Path(artifacts["ASSENT_SKILLS"]) / "deploy" / "scripts" / "plan.py"
    script.write_text(script.read_text() + "\n")
    assert assent("skills", "lock", env=artifacts).code == 0, "who reviews need not be who signs"
    ran = assent("skills", "verify", "deploy", env=artifacts)
    assert ran.code == 1
    assert "its signature is of other files" in ran.said


def test_without_a_key_nothing_is_signed(assent, artifacts) -> None:
    ran = assent("skills", "sign", "deploy", env=artifacts)
    assert (ran.code, "--key" in ran.err) == (2, True)
    assert not (Path(artifacts["ASSENT_SKILLS"]) / "deploy.sig").exists()


def test_a_revoked_digest_is_told_by_list_lint_and_verify(assent, artifacts) -> None:
    skills = Path(artifacts["ASSENT_SKILLS"])
    digest = json.loads(assent("skills", "show", "deploy", "--json", env=artifacts).out)["digest"]
    (skills / "revoked.yaml").write_text(f"revoked:\n  - {{digest: {digest}, reason: It loses data}}\n")
    for command in ("list", "lint", "verify"):
        ran = assent("skills", command, env=artifacts)
        assert ran.code == 1, command
        assert "it was revoked: It loses data." in ran.said, command


def test_whose_name_is_written_down_is_said(
    assent, artifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """git's own, and what nobody reviewed is never somebody's in silence."""
    skills = Path(artifacts["ASSENT_SKILLS"])
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, str(tmp_path / "gitconfig"))
    for number, (config, options, said) in enumerate(
        (
            ("[user]\nemail = ann@acme.test\n", (), "What changed was reviewed by ann@acme.test."),
            ("", (), "Who reviewed what changed is not written down: say --reviewed-by"),
            ("[user]\nemail = ann@acme.test\n", ("--reviewed-by", ""), "is not written down"),
        )
    ):
        (tmp_path / "gitconfig").write_text(config)
        (skills / "deploy" / "notes.md").write_text(f"Note {number}.\n")
        ran = assent("skills", "lock", "deploy", *options, env=artifacts)
        assert (ran.code, said in ran.said) == (0, True), ran.said
        line = (skills / "skills.lock").read_text().partition("service-status:")[0]
        assert ("ann@acme.test" in line) == ("ann@" in said)
    assert "reviewed by" not in assent("skills", "lock", "deploy", env=artifacts).said


def test_one_skill_is_locked_and_the_lines_of_the_others_stay(assent, artifacts) -> None:
    skills = Path(artifacts["ASSENT_SKILLS"])
    before = (skills / "skills.lock").read_text()
    for name in ("deploy", "service-status"):
        (skills / name / "notes.md").write_text("A note.\n")
    assert assent("skills", "lock", "deploy", "--reviewed-by", "bob", env=artifacts).code == 0
    after = (skills / "skills.lock").read_text()
    assert after.partition("service-status:")[2] == before.partition("service-status:")[2]
    states = {
        one["name"]: one["state"] for one in json.loads(assent("skills", "list", "--json", env=artifacts).out)
    }
    assert states == {"deploy": "armed", "service-status": "unarmed"}
