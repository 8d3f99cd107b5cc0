"""A credential as a request carries it, and whom to trust that a server is who it says."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Mapping

from bot.assess.connected import Credential
from bot.connectors.lines import Secrets
from bot.terms import Refused


async def presented(
    of: str, credential: Credential | None, secrets: Secrets
) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """The header that has it, and everything that no output may show. `of` says whose it is, in words.

    Raises Refused when it is not here or cannot be sent.
    """
    if credential is None:
        return {}, ()
    value = await secrets(of, credential.source)
    if any(ord(one) < 32 or ord(one) == 127 for one in value):
        raise Refused(f"The credential from {credential} has control characters, so it cannot be sent.")
    if credential.scheme == "bearer":
        return {"Authorization": f"Bearer {value}"}, (value,)
    user, colon, password = value.partition(":")
    if not colon or not user:
        raise Refused(f"The credential from {credential} is not name:password, as `as: basic` needs it.")
    encoded = b64encode(value.encode()).decode()
    return {"Authorization": f"Basic {encoded}"}, (value, encoded, *((password,) if password else ()))


async def trusting(of: str, ca: str | None) -> ssl.SSLContext | bool:
    """Whom the machine trusts, or only the authority in the file `ca`. Raises Refused without that file."""
    if ca is None:
        return True
    try:
        return await asyncio.to_thread(ssl.create_default_context, cafile=ca)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror or "it is no certificate"
        raise Refused(f"The authority {of} cannot be read from {ca}: {why}.") from None
