"""The shape of `policies/models.yaml`: which model stands behind a tier. Without the file there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, JsonValue, Tag, model_validator

from bot.ask.manifest import Manifest, ModelStep, SecretCommand, Text, Word
from bot.ask.manifest.permissions import Reference
from bot.ask.manifest.words import shaped
from bot.assess.assessment import digest_of
from bot.terms import Digest, Record

FILE = "policies/models.yaml"
Tier = Literal["small", "large"]

_MODEL = re.compile(r"openai/[!-~]{1,200}")


def _base(text: str) -> str:
    """Where requests go is an address and nothing else: no name, no password, no query."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("api_base is an http:// or https:// address, such as https://api.openai.com/v1")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError("api_base has no name, password, query or fragment: a key stands in credential")
    return text.rstrip("/")


def _source(found: object) -> str:
    return "SecretCommand" if isinstance(found, Mapping | SecretCommand) else "Reference"


class Credential(Record):
    """Where the key is found when a call is made; never the key itself."""

    model_config = ConfigDict(populate_by_name=True)

    source: Annotated[
        Annotated[Reference, Tag("Reference")] | Annotated[SecretCommand, Tag("SecretCommand")],
        Discriminator(_source),
    ] = Field(alias="from")


class ModelTier(Record):
    """One model, where it is served and what its tokens are called in `prices.yaml`."""

    model: Annotated[
        str, shaped(_MODEL, "a model is openai/NAME, for any server that speaks the OpenAI protocol")
    ]
    api_base: Annotated[str, Field(max_length=1024), AfterValidator(_base)]
    credential: Credential | None = None
    unit: Word | None = None
    """`small` means small_input_tokens and small_output_tokens of prices.yaml; unsaid, the tier's name."""
    max_answer_tokens: Annotated[int, Field(ge=64, le=65_536)] = 1024
    answers: Literal["schema", "json", "text"] = "schema"
    """What its server can be asked for: JSON by a schema, any JSON, only text. We check all of them."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """Not sent when unsaid: some models take none."""

    @model_validator(mode="after")
    def _key_is_not_overheard(self) -> ModelTier:
        parts = urlsplit(self.api_base)
        if self.credential is not None and parts.scheme == "http" and not _here(parts.hostname or ""):
            raise ValueError("a credential goes to an https:// address, or to this machine itself")
        return self


class Models(Record):
    """`policies/models.yaml`, read strictly."""

    version: Text
    tiers: dict[Tier, ModelTier] = Field(default_factory=dict)

    def units(self, tier: Tier) -> tuple[str, str]:
        """The names of its input and output tokens in prices.yaml."""
        called = self.tiers[tier].unit or tier
        return f"{called}_input_tokens", f"{called}_output_tokens"

    def digest_for(self, manifest: Manifest) -> Digest | Literal[""]:
        """Of those that the skill asks, as they are configured; empty when it asks none."""
        asked: dict[str, JsonValue] = {
            tier: self.tiers[tier].model_dump(mode="json", by_alias=True)
            for tier in asked_by(manifest)
            if tier in self.tiers
        }
        return digest_of(asked) if asked else ""

    def told_for(self, manifest: Manifest) -> tuple[str, ...]:
        """Which models the skill asks, and where, for whoever approves it."""
        found = [(tier, self.tiers[tier]) for tier in asked_by(manifest) if tier in self.tiers]
        return tuple(f"the {tier} model: {one.model} at {one.api_base}" for tier, one in found)


NO_MODELS = Models(version="none")
"""Without the file: a skill that asks a model does not start."""


def asked_by(manifest: Manifest) -> tuple[Tier, ...]:
    """The tiers of the models that the steps of a skill ask."""
    return tuple(dict.fromkeys(step.model.tier for step in manifest.steps if isinstance(step, ModelStep)))


def lacking(manifest: Manifest, models: Models) -> str:
    """What this installation would need for the model steps of a skill; empty when it has it."""
    for step in manifest.steps:
        if isinstance(step, ModelStep) and step.model.tier not in models.tiers:
            return (
                f"{manifest.name} asks the {step.model.tier} model (step {step.id}), and there is none here. "
                f"Add tiers: {{{step.model.tier}: {{model: openai/NAME, api_base: https://…}}}} to {FILE}."
            )
    return ""


def _here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
