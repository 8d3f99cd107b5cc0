"""What the host says no to, in words for the person and with a status for the program."""

from collections.abc import Mapping
from typing import Any


class Declined(Exception):
    """The host did nothing. `code` is for programs, `message` says what would be right."""

    def __init__(self, code: str, message: str, *, status: int = 409, **more: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.more: Mapping[str, Any] = more
