"""What a button carries: which request, drawn at which card revision, and proof that we drew it."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from bot.terms import RequestId

_LABEL = b"assent/button/1"


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a button's value claims; worth nothing unless `genuine`."""

    request: RequestId
    card_revision: int
    genuine: bool


class Buttons:
    """Writes and reads button values for one workspace.

    The MAC covers workspace, request, card revision and action, so that neither another card's value nor
    another button's can be used here. Its key is derived, so that it is never the secret Slack signs with.
    """

    __slots__ = ("_key", "_team")

    def __init__(self, *, secret: str, team: str) -> None:
        if not secret:
            raise ValueError("buttons need a secret: without one anybody could write their values")
        self._key = hmac.digest(secret.encode(), _LABEL, hashlib.sha256)
        self._team = team

    def value(self, action: str, request: RequestId, card_revision: int) -> str:
        return f"{request}.{card_revision}.{self._mac(action, request, card_revision)}"

    def read(self, action: str, value: str) -> Pressed:
        """The claim of any string whatever; a value we did not write is not genuine."""
        request, _, rest = value.partition(".")
        revision, _, mac = rest.partition(".")
        if not (revision.isascii() and revision.isdigit() and len(revision) < 10 and mac.isascii()):
            return Pressed(RequestId(request[:40]), 0, False)
        claimed = RequestId(request[:40]), int(revision)
        return Pressed(*claimed, hmac.compare_digest(mac, self._mac(action, RequestId(request), claimed[1])))

    def _mac(self, action: str, request: RequestId, card_revision: int) -> str:
        signed = "\0".join((self._team, request, str(card_revision), action)).encode()
        return urlsafe_b64encode(hmac.digest(self._key, signed, hashlib.sha256)[:16]).rstrip(b"=").decode()
