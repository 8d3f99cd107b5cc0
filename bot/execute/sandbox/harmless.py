"""What a command prints, without what steers a terminal or is not to be seen; also as it streams past."""

import re

_LONGEST_ESCAPE = 4096

_ESCAPE = re.compile(
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]"  # colours, cursor
    rf"|\x1b\][^\x07\x1b\n]{{0,{_LONGEST_ESCAPE}}}(?:\x07|\x1b\\)"  # titles, links
    rf"|\x1b[PX^_][^\x1b\n]{{0,{_LONGEST_ESCAPE}}}\x1b\\"
    r"|\x1b[ -/]{0,8}[0-OQ-WYZ\\`-~]"
)
# An escape whose end may still come; what is longer than this is none.
_UNFINISHED = re.compile(
    rf"\x1b(?:\[[0-?]{{0,64}}[ -/]{{0,8}}|[\]PX^_][^\x07\x1b\n]{{0,{_LONGEST_ESCAPE}}}\x1b?|[ -/]{{0,8}})?\Z"
)
# C0 but tab and newline, DEL, C1, direction overrides and other invisible steering, tags, lone surrogates.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "\ufffd"


def harmless(text: str) -> str:
    """The text without terminal escapes, each other control character replaced by something one can see."""
    if "\x1b" in text:
        text = _ESCAPE.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _HARMFUL.sub(_visible, text)


class Harmless:
    """`harmless` over a stream: an escape or a line end that is cut by a chunk is still seen whole."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        text = self._held + text
        end = len(text)
        if "\x1b" in text and (unfinished := _UNFINISHED.search(text)):
            end = unfinished.start()
        elif text.endswith("\r"):
            end -= 1
        self._held = text[end:]
        return harmless(text[:end])

    def close(self) -> str:
        rest, self._held = self._held, ""
        return harmless(rest)
