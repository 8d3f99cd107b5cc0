"""All of the environment, read once; whoever needs a setting is handed this record."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
)

from bot.terms import Refused

Process = Literal["web", "worker"]


class Misconfigured(Refused):
    """The environment cannot be used; one line for each variable, all of them at once."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _url(*schemes: str) -> AfterValidator:
    def known_scheme(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes or not (parts.netloc or parts.path.strip("/")):
            raise ValueError("not such a URL")
        return value

    return AfterValidator(known_scheme)


def _token(*prefixes: str) -> AfterValidator:
    def right_kind(value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(prefixes):
            raise ValueError("another kind of token")
        return value

    return AfterValidator(right_kind)


_with_slash = AfterValidator(lambda url: url if url.endswith("/") else url + "/")
_without_slash = AfterValidator(lambda url: url.rstrip("/"))
_upper = BeforeValidator(lambda level: level.upper() if isinstance(level, str) else level)


class Config(BaseModel):
    """Each field's alias is its variable, its description what would be right; errors are made of the two."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True, hide_input_in_errors=True
    )

    slack_bot_token: Annotated[SecretStr, _token("xoxb-", "xoxe.xoxb-")] | None = Field(
        None, alias="SLACK_BOT_TOKEN", description="the bot token of the Slack app, which starts with xoxb-"
    )
    slack_signing_secret: SecretStr | None = Field(
        None, alias="SLACK_SIGNING_SECRET", description="the signing secret from the app's Basic Information"
    )
    slack_app_token: Annotated[SecretStr, _token("xapp-")] | None = Field(
        None,
        alias="SLACK_APP_TOKEN",
        description="an app-level token for Socket Mode, which starts with xapp-; unset means HTTP",
    )
    slack_api_url: Annotated[str, _url("http", "https"), _with_slash] = Field(
        "https://slack.com/api/",
        alias="SLACK_API_URL",
        description="where Slack's Web API is, for example https://slack.com/api/",
    )
    redis_url: Annotated[str, _url("redis", "rediss", "unix")] | None = Field(
        None,
        alias="REDIS_URL",
        repr=False,  # may hold a password
        description="redis://host:6379/0, rediss://host:6379/0 or unix:///path/to/socket",
    )
    host: str = Field("0.0.0.0", alias="HOST", description="the address to listen on, for example 127.0.0.1")  # noqa: S104 - the documented default: a web process is there to be reached
    port: int = Field(3000, alias="PORT", ge=0, le=65535, description="a port number, for example 3000")
    public_url: Annotated[str, _url("http", "https"), _without_slash] | None = Field(
        None,
        alias="ASSENT_URL",
        description="the https:// address under which Slack reaches `assent web`; used by the manifest only",
    )
    skills_dir: Path = Field(Path("skills"), alias="ASSENT_SKILLS", description="the folder of the skills")
    policies_dir: Path = Field(
        Path("policies"), alias="ASSENT_POLICIES", description="the folder of the policies"
    )
    home: Path = Field(
        Path(".assent"),
        alias="ASSENT_HOME",
        description="a folder of our own: embedded data, audit key, checkpoints",
    )
    command: Annotated[str, StringConstraints(pattern=r"\A/[a-z0-9_-]{1,31}\z")] = Field(
        "/assent",
        alias="ASSENT_COMMAND",
        description="a slash and up to 31 small letters, digits, - or _, for example /assent",
    )
    alerts_secret: SecretStr | None = Field(
        None,
        alias="ASSENT_ALERTS_SECRET",
        description="the secret Alertmanager sends; unset means POST /alerts takes nothing",
    )
    target: Annotated[str, _url("http", "https"), _without_slash] | None = Field(
        None,
        alias="ASSENT_TARGET",
        description="URL of the deployment host; unset means the worker starts the demo host",
    )
    redis_check: Literal["refuse", "warn"] = Field(
        "refuse",
        alias="ASSENT_REDIS_CHECK",
        description="refuse (do not start on a Redis that can lose approvals) or warn (say it and go on)",
    )
    lease_s: float = Field(
        15,
        alias="ASSENT_LEASE_S",
        ge=0.5,
        le=3600,
        allow_inf_nan=False,
        description="seconds a silent worker keeps a run, from 0.5 to 3600",
    )
    sandbox: Literal["auto", "bubblewrap", "landlock", "processes", "any"] = Field(
        "auto",
        alias="ASSENT_SANDBOX",
        description="auto, bubblewrap, landlock, processes or any: what steps are held by",
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], _upper] = Field(
        "INFO", alias="ASSENT_LOG_LEVEL", description="DEBUG, INFO, WARNING or ERROR"
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read every variable; an empty one counts as unset.

        Raises Misconfigured with all problems at once. A value is repeated only when it cannot be a secret.
        """
        values = {name: environ[name].strip() for name in variables() if environ.get(name, "").strip()}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            names = dict.fromkeys(str(problem["loc"][0]) for problem in error.errors())
            raise Misconfigured(tuple(_problem(name, values[name]) for name in names)) from None

    @property
    def socket_mode(self) -> bool:
        """Slack is reached by our own connection: no public URL, and nothing to verify signatures of."""
        return self.slack_app_token is not None

    @property
    def embedded_data(self) -> Path:
        """Where the embedded Redis keeps its data: for `assent dev`, and for commands that read."""
        return self.home / "redis"

    def needs(self, process: Process) -> list[str]:
        """What is missing for `process`, as lines that say what to set; empty when it can start."""
        wanted = {"REDIS_URL": self.redis_url, "SLACK_BOT_TOKEN": self.slack_bot_token}
        if not self.socket_mode:
            wanted["SLACK_SIGNING_SECRET"] = self.slack_signing_secret
        return [
            f"{name} is not set: assent {process} needs {variables()[name]}."
            for name, value in wanted.items()
            if value is None
        ]


def variables() -> dict[str, str]:
    """Every variable that is read, and what would be right in it."""
    return {str(field.alias): str(field.description) for field in Config.model_fields.values()}


def misspelt(environ: Mapping[str, str]) -> list[str]:
    """`ASSENT_` and `SLACK_` variables nobody reads that look like one somebody does."""
    known = variables()
    strangers = sorted(
        name for name in environ if name.startswith(("ASSENT_", "SLACK_")) and name not in known
    )
    return [
        f"{name} is not read by anything. Did you mean {close[0]}?"
        for name in strangers
        if (close := get_close_matches(name, known, n=1, cutoff=0.8))
    ]


def _problem(name: str, value: str) -> str:
    field = next(field for field in Config.model_fields.values() if field.alias == name)
    secret = "SecretStr" in str(field.annotation) or not field.repr
    shown = "cannot be right" if secret else f"is {value!r}"
    return f"{name} {shown}: it must be {field.description}."
