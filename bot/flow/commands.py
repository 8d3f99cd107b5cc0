"""From a manifest's argv to a command that may run: filled, allowed, and with nothing else around it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue, TypeAdapter

from bot.ask.catalog import Skill
from bot.ask.fill import fill, find
from bot.ask.invocation import Invocation
from bot.ask.manifest import ConnectorCall, McpCall
from bot.assess.assessment import Plan
from bot.assess.connected import NONE, Connectors
from bot.assess.mcp_servers import NO_SERVERS, Servers
from bot.execute.sandbox import Command, Sandbox, secret_values, step_environment
from bot.execute.sandbox.walls import Walls, hosts_of, places_of
from bot.execute.steps.connector import Thread
from bot.execute.steps.connector import ready as ready_to_call
from bot.execute.steps.mcp import ready as ready_to_use
from bot.execute.steps.said import Said
from bot.flow.means import NO_MEANS, Means
from bot.flow.workshop import Bench, Carried, NoSuchSecret, Used, Workshop
from bot.terms import Refused, RequestId

_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
_MARK = re.compile(r"\$\{([^{}$]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Makes the commands of one request's skill, in its private copy."""

    skill: Skill
    invocation: Invocation
    request: RequestId
    bench: Bench
    workshop: Workshop
    plan: Plan | None = None
    connectors: Connectors = NONE
    """As they were configured when the run was taken up: the same ones from its first step to its last."""
    servers: Servers = NO_SERVERS
    """MCP servers, likewise."""
    thread: Thread | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    """What people answered to questions of this run, by step."""
    said: Said = field(default_factory=dict)
    """What models said in this run, by step."""
    told: set[str] = field(default_factory=set)
    """Secrets that steps were handed: a later step may hear them from elsewhere, and must not say them."""
    means: Means = NO_MEANS

    @property
    def sandbox(self) -> Sandbox:
        return self.workshop.sandbox

    def command(self, argv: Sequence[str], *, timeout_s: float, step: str) -> Command:
        """Raises Refused when a value does not fit or the program is not permitted."""
        filled = tuple(self.fill(item, step=step) for item in argv)
        permitted, limits = self.skill.manifest.permissions, self.skill.manifest.limits
        seen = step_environment(self.workshop.environment, names=permitted.env, home=self.bench.home)
        return Command(
            argv=self.sandbox.resolve(
                filled, allowed=permitted.exec, folder=self.bench.folder, path=seen["PATH"]
            ),
            cwd=self.bench.folder,
            env=seen,
            timeout_s=timeout_s,
            output_limit=limits.output_kb * 1024,
            secrets=(*secret_values(seen), *self.told),
            walls=self.walls(),
            memory_bytes=limits.memory_mb and limits.memory_mb * 1024 * 1024,
            processes=limits.processes,
        )

    def walls(self) -> Walls:
        """What the manifest grants, and the run's own two folders. Raises Refused for a senseless grant."""
        permitted, environment = self.skill.manifest.permissions, self.workshop.environment
        return Walls(
            exec=permitted.exec,
            hosts=hosts_of(permitted.hosts, environment),
            read=(self.bench.folder, *places_of(permitted.files.read, environment)),
            write=(self.bench.home, *self.workshop.lent, *places_of(permitted.files.write, environment)),
        )

    async def secrets(self, step: str) -> Mapping[str, str]:
        """The values this step is handed, by their names. Raises Refused when one it needs is not here."""
        found = {}
        for name, secret in self.skill.manifest.permissions.secrets.items():
            if step not in secret.steps:
                continue
            try:
                found[name] = await self.workshop.secret(name, secret.source)
            except NoSuchSecret:
                if not secret.optional:
                    raise
        self.told.update(found.values())
        return found

    def shown_to_nobody(self) -> tuple[str, ...]:
        """What is secret by its name or looks of all that the skill may see, and what it was handed."""
        permitted = self.skill.manifest.permissions.env
        seen = step_environment(self.workshop.environment, names=permitted, home=self.bench.home)
        return (*secret_values(seen), *self.told)

    async def kept_from_models(self) -> tuple[str, ...]:
        """Everything secret that is known here, the worker's own and the skill's of every step."""
        found = []
        for name, secret in self.skill.manifest.permissions.secrets.items():
            try:
                found.append(await self.workshop.secret(name, secret.source))
            except NoSuchSecret:
                if not secret.optional:
                    raise
        return (*secret_values(self.workshop.environment), *found)

    def fill_privately(self, template: str, *, step: str, handed: Mapping[str, str]) -> str:
        """For what the worker sends itself: also the environment the skill may see, and secrets."""
        permitted = self.skill.manifest.permissions.env

        def value(mark: re.Match[str]) -> str:
            kind, _, name = mark[1].partition(".")
            if kind == "secrets" and name in handed:
                return handed[name]
            if kind == "env" and name in permitted:
                if name not in self.workshop.environment:
                    raise Refused(f"{name} is not set here, and {self.skill.name} needs it.")
                return self.workshop.environment[name]
            return self.fill(mark[0], step=step)

        return _MARK.sub(value, template)

    async def calling(
        self,
        call: ConnectorCall,
        *,
        step: str,
        timeout_s: float,
        key: str = "",
        answers: bool = False,
        measures: bool = False,
        as_written: bool = False,
    ) -> Carried:
        """A verb of a connector, ready to be asked; `carried(stop)` asks, and its `result` is the answer.

        The credential is the worker's own: the step's secrets have no part in it. `as_written`: nothing is
        filled in, since no manifest wrote it. `key` is the step's when no other is said; `answers`: finding
        nothing is a no. Raises Refused for all that must not be asked.
        """
        calling = ready_to_call(
            call,
            (lambda text: text) if as_written else (lambda text: self.fill(text, step=step)),
            permitted=self.skill.manifest.permissions.verbs,
            connectors=self.connectors,
            key=key or idempotency_key(self.request, step),
            timeout_s=timeout_s,
            output_limit=self.skill.manifest.limits.output_kb * 1024,
            asks=answers,
            measures=measures,
            thread=self.thread,
            hidden=self.shown_to_nobody(),
        )
        return await self.workshop.calling(calling)

    async def using(
        self, call: McpCall, *, step: str, timeout_s: float, answers: bool = False, measures: bool = False
    ) -> Used:
        """A tool of an MCP server, ready to be called. Raises Refused for all that must not be called."""
        using = ready_to_use(
            call,
            lambda text: self.fill(text, step=step),
            permitted=self.skill.manifest.permissions.verbs,
            servers=self.servers,
            timeout_s=timeout_s,
            output_limit=self.skill.manifest.limits.output_kb * 1024,
            asks=answers,
            measures=measures,
            hidden=self.shown_to_nobody(),
        )
        return await self.workshop.using(using)

    def value(self, name: str, *, step: str = "") -> JsonValue:
        """What `${name}` stands for, as it is: for where it is written down as data, and never as text."""
        found = find(
            name,
            self.invocation.inputs,
            self.invocation.environment,
            self.request,
            self.plan,
            idempotency_key(self.request, step),
            self.answers,
            self.said,
        )
        return _JSON.validate_python(found)

    def fill(self, template: str, *, step: str = "") -> str:
        return fill(
            template,
            inputs=self.invocation.inputs,
            environment=self.invocation.environment,
            request=self.request,
            plan=self.plan,
            idempotency_key=idempotency_key(self.request, step),
            answers=self.answers,
            said=self.said,
        )


def idempotency_key(request: RequestId, step: str) -> str:
    """The same for every attempt at one step of one request, and for nothing else."""
    return hashlib.sha256(f"{request}\n{step}".encode()).hexdigest()[:32]
