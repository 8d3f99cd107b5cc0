"""What was looked up for a step while it ran: for the journal and the audit."""

from __future__ import annotations

from bot.terms import Digest, Record


class Use(Record):
    """One call of a verb that a model asked for.

    `arguments` is their digest; `refused` says why it was not made; `ok` says whether it answered well, None
    when it was not made.
    """

    verb: str
    arguments: Digest
    ok: bool | None = None
    refused: str = ""
