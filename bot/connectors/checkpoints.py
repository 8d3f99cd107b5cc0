"""Signed checkpoints of the audit, beside Redis: who can write Redis still cannot forge these."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from pydantic import ValidationError

from bot.settle.audit import Checkpoint
from bot.terms import Refused


class Checkpoints:
    """An append-only file of signed checkpoints, and the Ed25519 key that signs them."""

    def __init__(self, home: Path) -> None:
        self.file = home / "audit-checkpoints.jsonl"
        self.key = home / "audit.key"
        self.public = home / "audit.pub"

    def sign(self, checkpoint: Checkpoint) -> Checkpoint:
        """Sign and append. The key is made at the first signature."""
        signature = base64.b64encode(self._key().sign(checkpoint.signed_part())).decode()
        signed = checkpoint.model_copy(update={"signature": signature})
        with self.file.open("a") as out:
            out.write(signed.model_dump_json() + "\n")
            out.flush()
            os.fsync(out.fileno())
        return signed

    def genuine(self) -> Sequence[Checkpoint]:
        """Every checkpoint of the file, all of them with a good signature.

        Raises Refused at the first line that is not: a forged checkpoint is a finding, not something to skip.
        """
        if not self.file.exists():
            return []
        public = self._public()
        found = []
        for number, line in enumerate(self.file.read_text().splitlines(), start=1):
            try:
                checkpoint = Checkpoint.model_validate_json(line)
                public.verify(base64.b64decode(checkpoint.signature), checkpoint.signed_part())
            except (ValidationError, InvalidSignature, ValueError) as error:
                raise Refused(f"{self.file}:{number}: this checkpoint was not signed by our key.") from error
            found.append(checkpoint)
        return found

    def _key(self) -> Ed25519PrivateKey:
        try:
            text = self.key.read_bytes()
        except FileNotFoundError:
            return self._make()
        key = load_pem_private_key(text, password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise Refused(f"{self.key} is not an Ed25519 key.")
        return key

    def _make(self) -> Ed25519PrivateKey:
        """Several workers may start at once: who links the whole file first has made the key for all."""
        key = Ed25519PrivateKey.generate()
        self.key.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(prefix="audit.key.", dir=self.key.parent)  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
                out.flush()
                os.fsync(out.fileno())
            self.key.hardlink_to(draft)
        except FileExistsError:
            return self._key()
        finally:
            Path(draft).unlink()
        self.public.write_bytes(
            key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )
        return key

    def _public(self) -> Ed25519PublicKey:
        if self.public.exists():
            key = load_pem_public_key(self.public.read_bytes())
            if isinstance(key, Ed25519PublicKey):
                return key
        return self._key().public_key()
