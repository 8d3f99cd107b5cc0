"""Signatures: made by OpenSSH over the digest list, verified against who may sign, else refused."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.artifacts import Artifacts, locks, signatures
from bot.artifacts.signatures import beside, sign
from bot.terms import Refused

Edit = Callable[[Path, str, str], None]


def key(folder: Path, name: str) -> Path:
    path = folder / name
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)], check=True, timeout=20
    )
    return path


def line(principal: str, key: Path, *, options: str = 'namespaces="assent-skill"') -> str:
    return f"{principal} {options} {key.with_suffix('.pub').read_text()}"


@pytest.fixture
def alice(tmp_path: Path) -> Path:
    return key(tmp_path, "alice")


@pytest.fixture
def signed(skills: Path, policies: Path, alice: Path) -> Artifacts:
    """`hello`, signed by alice, who may sign, and reviewed so."""
    (policies / "allowed_signers").write_text(line("alice@acme.test", alice))
    artifacts = Artifacts(skills, policies)
    beside(skills, "hello").write_bytes(sign(artifacts.skills()["hello"], key=alice))
    review(artifacts, skills)
    return artifacts


def review(artifacts: Artifacts, skills: Path) -> None:
    (skills / "skills.lock").write_text(locks.lock(artifacts.skills().values()))


def unarmed(artifacts: Artifacts) -> str:
    return artifacts.skills()["hello"].unarmed


def test_a_skill_signed_by_who_may_is_armed_and_the_lock_says_by_whom(
    signed: Artifacts, skills: Path
) -> None:
    assert unarmed(signed) == ""
    assert signed.skills()["hello"].signer == "alice@acme.test"
    assert locks.read(skills)[0]["hello"].signer == "alice@acme.test"


def test_where_nobody_says_who_may_sign_nobody_has_to(skills: Path, policies: Path) -> None:
    artifacts = Artifacts(skills, policies)
    review(artifacts, skills)
    assert unarmed(artifacts) == ""


def test_without_a_signature_it_is_not_armed(signed: Artifacts, skills: Path) -> None:
    beside(skills, "hello").unlink()
    assert unarmed(signed).startswith("it is not signed.")
    assert signed.skills()["hello"].signer == ""


def test_a_signature_of_other_bytes_counts_for_nothing_even_when_they_are_locked(
    signed: Artifacts, skills: Path, edited: Edit
) -> None:
    edited(skills / "hello" / "scripts" / "hello.py", "'{}'", "'[]'")
    review(signed, skills)
    assert unarmed(signed).startswith("its signature is of other files, or not for skills.")


def test_who_is_not_allowed_cannot_sign(signed: Artifacts, skills: Path, tmp_path: Path) -> None:
    mallory = key(tmp_path, "mallory")
    beside(skills, "hello").write_bytes(sign(signed.skills()["hello"], key=mallory))
    review(signed, skills)
    assert unarmed(signed).startswith("who signed it is not in allowed_signers")


def test_a_signature_for_another_purpose_counts_for_nothing(
    signed: Artifacts, skills: Path, policies: Path, alice: Path
) -> None:
    """Whoever gets alice to sign a file for something else has not got a skill signed."""
    (policies / "allowed_signers").write_text(line("alice@acme.test", alice, options=""))
    argv = ["ssh-keygen", "-Y", "sign", "-f", str(alice), "-n", "file"]
    message = signatures.statement(signed.skills()["hello"])
    other = subprocess.run(argv, input=message, capture_output=True, check=True, timeout=20).stdout
    beside(skills, "hello").write_bytes(other)
    assert unarmed(signed).startswith("its signature is of other files, or not for skills.")


def test_a_key_that_is_no_longer_valid_signs_nothing(signed: Artifacts, policies: Path, alice: Path) -> None:
    expired = 'namespaces="assent-skill",valid-before="20200101"'
    (policies / "allowed_signers").write_text(line("alice@acme.test", alice, options=expired))
    assert "no longer valid" in unarmed(signed)


def test_another_signer_than_the_reviewed_one_needs_a_review(
    signed: Artifacts, skills: Path, policies: Path, alice: Path, tmp_path: Path
) -> None:
    bob = key(tmp_path, "bob")
    both = line("alice@acme.test", alice) + line("bob@acme.test", bob)
    (policies / "allowed_signers").write_text(both)
    beside(skills, "hello").write_bytes(sign(signed.skills()["hello"], key=bob))
    said = "it was reviewed as signed by alice@acme.test, and is signed by bob@acme.test."
    assert unarmed(signed).startswith(said)
    review(signed, skills)
    assert unarmed(signed) == ""


def test_taking_the_list_of_signers_away_does_not_take_the_demand_away(
    signed: Artifacts, policies: Path
) -> None:
    (policies / "allowed_signers").unlink()
    assert "there is no allowed_signers to verify that with" in unarmed(signed)


def test_an_empty_list_of_signers_lets_nobody_sign(signed: Artifacts, policies: Path) -> None:
    (policies / "allowed_signers").write_text("")
    assert "is not in allowed_signers" in unarmed(signed)


def test_what_a_revoked_signer_signed_is_not_armed_and_what_others_signed_is(
    signed: Artifacts, skills: Path
) -> None:
    revoked = skills / "revoked.yaml"
    revoked.write_text("revoked:\n  - {signer: alice@acme.test, reason: Her laptop was stolen}\n")
    assert unarmed(signed).startswith("what alice@acme.test signed was revoked: Her laptop was stolen.")
    revoked.write_text("revoked:\n  - {signer: bob@acme.test, reason: He left}\n")
    assert unarmed(signed) == ""


def test_what_is_no_key_signs_nothing(signed: Artifacts, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is no file"):
        sign(signed.skills()["hello"], key=tmp_path / "nobody")
    (tmp_path / "text").write_text("not a key")
    with pytest.raises(Refused, match="ssh-keygen did not sign hello"):
        sign(signed.skills()["hello"], key=tmp_path / "text")


def test_who_reviewed_stays_at_what_did_not_change(signed: Artifacts, skills: Path) -> None:
    lock = skills / "skills.lock"
    lock.write_text(locks.lock(signed.skills().values(), reviewed_by="carol"))
    assert locks.read(skills)[0]["hello"].reviewed_by == "carol"
    before = locks.read(skills)[0]
    again = locks.lock(signed.skills().values(), before=before, reviewed_by="dave")
    assert 'reviewed_by: "carol"' in again
    assert unarmed(signed) == ""
