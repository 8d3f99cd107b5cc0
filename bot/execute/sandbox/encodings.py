"""The ways in which programs write a secret: what is looked for to hide it.

A net for accidents, not a wall: a program that wants to leak can always encode in a way nobody lists.
"""

import base64
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

_SHORTEST_ENCODED = 4  # shorter secrets are looked for as they are: their encodings would match everywhere
_SHORTEST_LINE = 12  # a line of a many-line secret that is worth hiding by itself

_ESCAPED = re.compile(r"\\u([0-9a-f]{4})")
_ALSO_ESCAPED = ("", "<>&", "<>&'", "<>&'\"+`")
"""What programs escape in JSON besides, so that it may stand in a web page."""


def _base64_cores(data: bytes) -> Iterable[str]:
    """The characters the bytes alone decide, for each of the three ways to fall into base64's groups."""
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + data).decode()
        core = encoded[-(-8 * shift // 6) : 8 * (shift + len(data)) // 6]
        yield core
        yield core.translate(str.maketrans("+/", "-_"))


def wrapped_variants(secret: str) -> Iterable[str]:
    """Those that programs write over several lines when they are long."""
    if len(secret) < _SHORTEST_ENCODED:
        return
    data = secret.encode("utf-8", "surrogatepass")
    yield from _base64_cores(data)
    yield data.hex()
    yield data.hex().upper()


def _escaped(secret: str, more: str) -> str:
    """As JSON in ASCII, with these characters escaped by their numbers as well."""
    return "".join(f"\\u{ord(one):04x}" if one in more else json.dumps(one)[1:-1] for one in secret)


def variants(secret: str) -> Iterable[str]:
    """As it is, and in the encodings that programs use; of a short secret only as it is."""
    yield secret
    if len(secret) < _SHORTEST_ENCODED:
        return
    data = secret.encode("utf-8", "surrogatepass")
    yield from wrapped_variants(secret)
    for quoted in (quote(data, safe=""), quote(data), quote(data, safe="!'()*"), quote_plus(data)):
        yield quoted
        yield re.sub("%..", lambda escape: escape[0].lower(), quoted)
    as_it_is = json.dumps(secret, ensure_ascii=False)[1:-1]
    for escaped in (as_it_is, *(_escaped(secret, more) for more in _ALSO_ESCAPED)):
        for one in (escaped, _ESCAPED.sub(lambda found: "\\u" + found[1].upper(), escaped)):
            yield one
            yield one.replace("/", "\\/")
            yield json.dumps(one)[1:-1]
            yield json.dumps(one, ensure_ascii=False)[1:-1]
    yield from (repr(secret)[1:-1], ascii(secret)[1:-1], repr(data)[2:-1])
    yield from (html.escape(secret), html.escape(secret, quote=False))
    lines = secret.split("\n")
    if len(lines) > 1:
        yield from (line.strip() for line in lines if len(line.strip()) >= _SHORTEST_LINE)
