"""Times as Slack shows them to each reader, and durations as people say them."""

from __future__ import annotations

from datetime import UTC, datetime


def at(moment: datetime) -> str:
    """`today at 14:02` in the reader's own time zone; the fallback is for clients that cannot."""
    utc = moment.astimezone(UTC)
    return f"<!date^{int(utc.timestamp())}^{{date_short_pretty}} at {{time}}|{utc:%Y-%m-%d %H:%M} UTC>"


def lasted(milliseconds: int) -> str:
    seconds = milliseconds / 1000
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def span(seconds: int) -> str:
    """`3 days`, `90 min`: the largest unit that says it exactly."""
    for size, name in ((86_400, "day"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {name}{'s' if name == 'day' and count > 1 else ''}"
    return f"{seconds} s"
