"""The usual ways to write a secret, and what of each the secret alone decides.

Written apart from the product's own list, so that what is forgotten there is not forgotten here too.
"""

from __future__ import annotations

import base64
import html
import json
import textwrap
from collections.abc import Iterator
from urllib.parse import quote, quote_plus


def ways(secret: str) -> Iterator[str]:
    """As programs print it: alone, among other bytes, over several lines."""
    data = secret.encode()
    yield from needles(secret)
    for before in range(3):
        yield base64.b64encode(b"x" * before + data + b"!!").decode()
        yield base64.urlsafe_b64encode(b"x" * before + data + b"?").decode()
    for before in range(0, 60, 7):
        yield base64.encodebytes(b"x" * before + data + b"!!").decode()
    yield "\n".join(textwrap.wrap((b"0" * 20 + data).hex(), 60))
    yield json.dumps({"a": [secret], secret: 1})
    yield json.dumps(json.dumps({"a": secret}))


def needles(secret: str) -> Iterator[str]:
    """Texts that stand in no place where the secret does not."""
    data = secret.encode()
    yield secret
    yield data.hex()
    yield data.hex().upper()
    yield from _base64(data)
    for quoted in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        yield quoted
        yield "".join(one.lower() if one in "ABCDEF" and "%" in quoted[max(0, at - 2) : at] else one
                      for at, one in enumerate(quoted))  # fmt: skip
    for ascii_only in (True, False):
        once = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield once
        yield json.dumps(once, ensure_ascii=ascii_only)[1:-1]
        yield once.replace("/", "\\/")
    yield repr(secret)[1:-1]
    yield ascii(secret)[1:-1]
    yield repr(data)[2:-1]
    yield html.escape(secret)
    yield html.escape(secret, quote=False)


def _base64(data: bytes) -> Iterator[str]:
    """For each of the three ways to fall into its groups: the characters that no neighbour changes."""
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            written = encode(bytes(before) + data).decode()
            yield written[-(-8 * before // 6) : 8 * (before + len(data)) // 6]
