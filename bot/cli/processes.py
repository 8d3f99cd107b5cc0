"""`assent web` and `assent worker`: the processes of the Procfile."""

from __future__ import annotations


def web() -> None:
    """Slack in, cards out. Ends with 0 after SIGTERM."""
    from bot.web import main

    main()


def worker() -> None:
    """Plans, runs and timers. Ends with 0 after SIGTERM."""
    from bot.worker import main

    main()
