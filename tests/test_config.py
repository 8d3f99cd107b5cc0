"""The environment is read once; what is wrong with it is said all at once, and no secret with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import Config, Misconfigured, misspelt, variables


def problems(**environ: str) -> tuple[str, ...]:
    with pytest.raises(Misconfigured) as caught:
        Config.from_env(environ)
    return caught.value.problems


def test_an_empty_environment_has_the_documented_defaults() -> None:
    config = Config.from_env({})
    assert (config.slack_api_url, config.port) == ("https://slack.com/api/", 3000)
    assert (config.skills_dir, config.policies_dir, config.home) == (
        Path("skills"), Path("policies"), Path(".assent"),
    )  # fmt: skip
    assert (config.command, config.redis_check, config.lease_s) == ("/assent", "refuse", 15)
    assert config.target is None
    assert config.redis_url is None


def test_an_empty_variable_is_an_unset_one() -> None:
    assert Config.from_env({"SLACK_APP_TOKEN": "", "PORT": " "}) == Config.from_env({})


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("PORT", "http", "a port number"),
        ("PORT", "70000", "a port number"),
        ("ASSENT_COMMAND", "assent", "a slash"),
        ("ASSENT_COMMAND", "/assent\n/x", "a slash"),
        ("ASSENT_REDIS_CHECK", "off", "refuse"),
        ("ASSENT_LEASE_S", "nan", "from 0.5"),
        ("ASSENT_LEASE_S", "0", "from 0.5"),
        ("SLACK_API_URL", "slack.com", "https://slack.com/api/"),
        ("ASSENT_TARGET", "ftp://host", "URL of the deployment host"),
        ("ASSENT_LOG_LEVEL", "loud", "DEBUG"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(name: str, value: str, right: str) -> None:
    [problem] = problems(**{name: value})
    assert problem.startswith(f"{name} is {value!r}: it must be ")
    assert right in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BOT_TOKEN", "xapp-hunter2"),
        ("SLACK_APP_TOKEN", "xoxb-hunter2"),
        ("REDIS_URL", "http://:hunter2@host"),
    ],
)
def test_a_wrong_secret_is_named_and_not_shown(name: str, value: str) -> None:
    [problem] = problems(**{name: value})
    assert problem.startswith(f"{name} cannot be right: it must be ")
    assert "hunter2" not in problem


def test_all_problems_are_said_at_once() -> None:
    assert len(problems(PORT="x", ASSENT_COMMAND="x", REDIS_URL="x")) == 3


def test_secrets_are_not_in_its_repr() -> None:
    config = Config.from_env(
        {
            "SLACK_BOT_TOKEN": "xoxb-hunter2",
            "SLACK_SIGNING_SECRET": "hunter2",
            "SLACK_APP_TOKEN": "xapp-hunter2",
            "ASSENT_ALERTS_SECRET": "hunter2",
            "REDIS_URL": "redis://:hunter2@host",
        }
    )
    assert "hunter2" not in repr(config)
    assert "hunter2" not in str(config)


def test_a_process_is_told_everything_it_lacks() -> None:
    missing = Config.from_env({}).needs("web")
    assert [line.split()[0] for line in missing] == ["REDIS_URL", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"]
    assert all("assent web needs" in line for line in missing)


def test_socket_mode_needs_no_signing_secret() -> None:
    config = Config.from_env(
        {"SLACK_APP_TOKEN": "xapp-1", "SLACK_BOT_TOKEN": "xoxb-1", "REDIS_URL": "redis://h"}
    )
    assert config.socket_mode
    assert config.needs("worker") == []


def test_a_variable_nobody_reads_is_pointed_out() -> None:
    assert misspelt({"ASSENT_SKILL": "x", "ASSENT_RUN_ID": "x", "HOME": "x", "PORT": "1"}) == [
        "ASSENT_SKILL is not read by anything. Did you mean ASSENT_SKILLS?"
    ]


def test_every_variable_says_what_would_be_right() -> None:
    assert all(right and right != "None" for right in variables().values())
