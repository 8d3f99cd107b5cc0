"""`assent manifest`: what to paste at api.slack.com/apps."""

from __future__ import annotations


def manifest() -> None:
    """Print the Slack app manifest for this configuration, as JSON."""
    from bot.cli import opened, terminal
    from bot.slack.manifest import NOWHERE
    from bot.slack.manifest import manifest as manifest_of

    config = opened.config()
    terminal.as_json(manifest_of(config))
    if not config.socket_mode and config.public_url is None:
        terminal.note(
            f"Replace {NOWHERE} with the address of `assent web`, or set ASSENT_URL and print this again. "
            "With SLACK_APP_TOKEN set, the manifest is for Socket Mode and needs no address."
        )
