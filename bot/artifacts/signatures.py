"""Who signed a skill: SSH signatures over its digest list, verified by OpenSSH against `allowed_signers`.

Ours is only what is signed; keys, agents, hardware tokens, certificates and validity are OpenSSH's.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bot.ask.catalog import Skill
from bot.terms import Refused

ALLOWED = "allowed_signers"
"""In the policies, in OpenSSH's format: whose signature counts is policy. When it is there, all must sign."""
NAMESPACE = "assent-skill"
SUFFIX = ".sig"
_MOST_BYTES = 256 * 1024
_PATIENCE_S = 10.0
FRESH_S = 600.0


@dataclass(frozen=True, slots=True)
class Signed:
    """`signer` is the principal of the line in `allowed_signers` that holds the key."""

    signer: str


@dataclass(frozen=True, slots=True)
class Unsigned:
    why: str


def statement(skill: Skill) -> bytes:
    """What is signed: name, version, digest, and each file's digest, so that a signer can read it."""
    lines = [f"{NAMESPACE} 1", f"name {skill.name}", f"version {skill.version}", f"digest {skill.digest}"]
    lines += [f"{digest} {path}" for path, digest in sorted(skill.files.items())]
    return ("\n".join(lines) + "\n").encode()


def beside(skills: Path, name: str) -> Path:
    """Where the signature of a skill is: beside its folder, since what is in it is signed."""
    return skills / f"{name}{SUFFIX}"


class Signatures:
    """Asks OpenSSH about the same bytes once in `FRESH_S`: it takes some 10 ms, and keys expire."""

    def __init__(self, skills: Path, policies: Path) -> None:
        self._skills, self._allowed = skills, policies / ALLOWED
        self._known: dict[str, tuple[Signed | Unsigned, float]] = {}

    @property
    def required(self) -> bool:
        """Whether skills must be signed: as soon as somebody said who may."""
        return os.path.lexists(self._allowed)

    def of(self, skills: Iterable[Skill]) -> Mapping[str, Signed | Unsigned]:
        """Each skill's signer, or why it has none that counts; nothing at all when none is required."""
        if not self.required:
            return {}
        chosen = list(skills)
        try:
            allowed = _read(self._allowed)
        except OSError as error:
            why = Unsigned(f"{ALLOWED} cannot be read: {error.strerror or error}")
            return {skill.name: why for skill in chosen}
        with ThreadPoolExecutor(max_workers=min(8, (os.cpu_count() or 1) * 2)) as pool:
            return dict(pool.map(lambda skill: (skill.name, self._of(skill, allowed)), chosen))

    def _of(self, skill: Skill, allowed: bytes) -> Signed | Unsigned:
        try:
            signature = _read(beside(self._skills, skill.name))
        except FileNotFoundError:
            return Unsigned("it is not signed")
        except OSError as error:
            return Unsigned(f"its signature cannot be read: {error.strerror or error}")
        message = statement(skill)
        key = hashlib.sha256(b"\0".join((message, signature, allowed))).hexdigest()
        found, at = self._known.get(key, (None, 0.0))
        now = time.monotonic()
        if found is None or now - at > FRESH_S:
            found = verify(message, signature, allowed)
            self._known[key] = found, now
        return found


def verify(message: bytes, signature: bytes, allowed: bytes) -> Signed | Unsigned:
    """Whether `signature` is over `message` by somebody in `allowed`, for skills and valid now."""
    with tempfile.TemporaryDirectory(prefix="assent-sig-") as room:
        signed, signers = Path(room) / "signature", Path(room) / ALLOWED
        signed.write_bytes(signature)
        signers.write_bytes(allowed)
        try:
            found = _ssh_keygen("find-principals", "-s", str(signed), "-f", str(signers))
            if found is None:
                return Unsigned(f"who signed it is not in {ALLOWED}, or is no longer valid there")
            signer = found.decode(errors="replace").splitlines()[0].split(",")[0].strip()
            good = _ssh_keygen(
                "verify", "-f", str(signers), "-I", signer, "-n", NAMESPACE, "-s", str(signed), given=message
            )
        except OSError:
            return Unsigned("ssh-keygen is not installed here, so no signature can be verified")
        except subprocess.TimeoutExpired:
            return Unsigned("ssh-keygen did not answer, so its signature could not be verified")
    return (
        Signed(signer) if good is not None else Unsigned("its signature is of other files, or not for skills")
    )


def sign(skill: Skill, *, key: Path) -> bytes:
    """An armoured signature over what a skill is now; a passphrase is asked for on the terminal.

    Raises Refused with OpenSSH's own words when it does not sign.
    """
    if not key.is_file():
        raise Refused(f"{key} is no file. Name a private key, or the public key of one that ssh-agent holds.")
    argv = ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", NAMESPACE]
    try:
        ran = subprocess.run(argv, input=statement(skill), capture_output=True, check=False)
    except OSError:
        raise Refused("ssh-keygen is not installed here. It comes with OpenSSH 8.1 or newer.") from None
    if ran.returncode != 0 or not ran.stdout:
        said = ran.stderr.decode(errors="replace").strip() or "it said nothing"
        raise Refused(f"ssh-keygen did not sign {skill.name}: {said}")
    return ran.stdout


def _ssh_keygen(*words: str, given: bytes = b"") -> bytes | None:
    """Its answer, None when it says no."""
    argv = ["ssh-keygen", "-Y", *words]
    ran = subprocess.run(argv, input=given, capture_output=True, timeout=_PATIENCE_S, check=False)
    return ran.stdout if ran.returncode == 0 and ran.stdout.strip() else None


def _read(path: Path) -> bytes:
    with path.open("rb") as handle:
        return handle.read(_MOST_BYTES)
