"""`assent manifest` prints what Slack takes."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from bot.config import Config
from bot.slack.manifest import SCOPES, manifest

SCHEMA = Path(__file__).parents[2].parent / "shared" / "data" / "slack" / "manifest.schema.2.0.0.json"

HTTP = Config(public_url="https://assent.acme.test")
SOCKET = Config.from_env({"SLACK_APP_TOKEN": "xapp-1"})


@pytest.mark.skipif(not SCHEMA.exists(), reason="Slack's manifest schema is not on this machine")
@pytest.mark.parametrize("config", [Config(), HTTP, SOCKET], ids=["defaults", "http", "socket mode"])
def test_it_is_valid_by_slacks_own_schema(config: Config) -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(manifest(config))


def test_over_http_slack_is_told_where_we_are() -> None:
    made = manifest(HTTP)
    where = "https://assent.acme.test/slack/events"
    assert made["settings"]["event_subscriptions"]["request_url"] == where
    assert made["settings"]["interactivity"]["request_url"] == where
    assert made["features"]["slash_commands"][0]["url"] == where
    assert made["settings"]["socket_mode_enabled"] is False


def test_in_socket_mode_no_address_is_needed() -> None:
    made = manifest(SOCKET)
    assert made["settings"]["socket_mode_enabled"] is True
    assert "url" not in json.dumps(made)


def test_every_event_it_listens_to_has_its_scope() -> None:
    made = manifest(HTTP)
    needed = {
        "app_mention": "app_mentions:read",
        "message.im": "im:history",
        "channel_created": "channels:read",
    }
    granted = set(made["oauth_config"]["scopes"]["bot"])
    heard = set(made["settings"]["event_subscriptions"]["bot_events"])
    assert heard == {*needed, "app_home_opened", "channel_rename"}
    assert granted >= set(needed.values())
    assert granted == SCOPES.keys()


def test_the_command_is_the_configured_one() -> None:
    assert manifest(Config(command="/ops"))["features"]["slash_commands"][0]["command"] == "/ops"


def test_the_printed_manifest_is_json_alone_and_the_note_is_beside_it(assent) -> None:
    ran = assent("manifest")
    assert ran.code == 0
    assert json.loads(ran.out) == manifest(Config())
    assert "ASSENT_URL" in ran.err


def test_a_wrong_environment_is_said_in_words(assent) -> None:
    ran = assent("manifest", env={"PORT": "http", "ASSENT_COMMAND": "assent"})
    assert ran.code == 2
    assert ran.out == ""
    assert "PORT is 'http': it must be a port number" in ran.err
    assert "ASSENT_COMMAND is 'assent'" in ran.err
