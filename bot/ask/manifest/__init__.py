"""What a skill declares in `skill.yaml`: everything that may run, and nothing else."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.ask.manifest.actions import (
    Action,
    Ceilings,
    CommandAction,
    ConnectorAction,
    ConnectorCall,
    Expected,
    HttpAction,
    HttpRequest,
    McpAction,
    McpCall,
    ModelCall,
)
from bot.ask.manifest.inputs import Input, Inputs, whole
from bot.ask.manifest.permissions import Files, Permissions, Secret, SecretCommand, reads_only
from bot.ask.manifest.promises import (
    Approval,
    Audit,
    Check,
    Cost,
    CostLine,
    DoneWhen,
    Effects,
    Limits,
)
from bot.ask.manifest.questions import Question
from bot.ask.manifest.steps import (
    AskStep,
    Command,
    CommandStep,
    ConnectorStep,
    HttpStep,
    McpStep,
    Measure,
    ModelStep,
    PlanStep,
    Precondition,
    Retry,
    Step,
)
from bot.ask.manifest.words import (
    Argv,
    Money,
    Name,
    Repeat,
    Scalar,
    Seconds,
    Text,
    Version,
    Word,
    micros,
    seconds,
)
from bot.terms import Environment, Record


class Manifest(Record):
    """`skill.yaml`, read strictly."""

    name: Name
    version: Version
    owners: tuple[Text, ...] = Field(min_length=1)
    lifecycle: Literal["draft", "stable", "deprecated"]
    replaced_by: Name | None = None
    summary: Text
    examples: tuple[Text, ...] = Field(min_length=1)
    not_for: tuple[Text, ...] = ()
    """Phrases that sound like this skill and are not; routing only, as `examples` are."""
    inputs: Inputs
    environments: tuple[Environment, ...] = Field(min_length=1)
    effects: Effects
    permissions: Permissions = Permissions()
    approval: Approval | None = None
    cost: Cost
    plan: tuple[PlanStep, ...] = Field(min_length=1)
    preconditions: tuple[Precondition, ...] = ()
    steps: tuple[Step, ...] = Field(min_length=1)
    done_when: DoneWhen
    on_fail: Literal["undo", "stop"] = "stop"
    on_cancel: Literal["undo", "stop"] | None = None
    """When a person stops it; as `on_fail` when nothing is said."""
    limits: Limits
    evidence: tuple[Word, ...] = ()
    """Steps whose results are kept as evidence; `measure` is the measurement."""
    audit: Audit = Audit()


__all__ = [
    "Action",
    "Approval",
    "Argv",
    "AskStep",
    "Audit",
    "Ceilings",
    "Check",
    "Command",
    "CommandAction",
    "CommandStep",
    "ConnectorAction",
    "ConnectorCall",
    "ConnectorStep",
    "Cost",
    "CostLine",
    "DoneWhen",
    "Effects",
    "Expected",
    "Files",
    "HttpAction",
    "HttpRequest",
    "HttpStep",
    "Input",
    "Inputs",
    "Limits",
    "Manifest",
    "McpAction",
    "McpCall",
    "McpStep",
    "Measure",
    "ModelCall",
    "ModelStep",
    "Money",
    "Name",
    "Permissions",
    "PlanStep",
    "Precondition",
    "Question",
    "Repeat",
    "Retry",
    "Scalar",
    "Seconds",
    "Secret",
    "SecretCommand",
    "Step",
    "Text",
    "Version",
    "Word",
    "micros",
    "reads_only",
    "seconds",
    "whole",
]
