"""One thing that a step does, made ready and then done: everything that may refuse it is asked before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from bot.ask.manifest import Argv, ConnectorCall, HttpRequest, ModelCall
from bot.execute.sandbox import Finished, StopSignal
from bot.execute.sandbox.redaction import Redactor
from bot.execute.steps import Asked, Does, Tool
from bot.execute.steps.http import ready as ready_to_send
from bot.execute.steps.model import prompt
from bot.execute.steps.tools import RULES, offered
from bot.flow.commands import Commands, idempotency_key
from bot.flow.consulting import Consulting
from bot.flow.conversing import Conversation
from bot.flow.workshop import Carried


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Who hears of it, and who may end it. `until`: when it ends if its worker is not heard of again."""

    on_line: Callable[[str], None]
    stop: StopSignal
    until: Callable[[], float] | None = None


Deed = Callable[[Watched], Awaitable[Finished]]


@dataclass(frozen=True, slots=True)
class Deeds:
    commands: Commands

    async def ready(self, does: Does, *, step: str, timeout_s: float, undo: bool = False) -> Deed:
        """Raises Refused when a value does not fit, something is not permitted, or a secret is not here.

        `undo`: it takes the step back, so it is another thing to whoever knows the step's key.
        """
        key = idempotency_key(self.commands.request, f"{step}\nundo" if undo else step)
        handed = await self.commands.secrets(step)
        match does:
            case HttpRequest() as request:
                return self._request(request, step=step, timeout_s=timeout_s, handed=handed, key=key)
            case Asked() as asked:
                return await self._call(asked, step=step, timeout_s=timeout_s, key=key)
            case ModelCall() as call:
                return await self._model(call, step=step, timeout_s=timeout_s)
            case Tool() as tool:
                return await self._tool(tool, step=step, timeout_s=timeout_s)
            case argv:
                return self._command(argv, step=step, timeout_s=timeout_s, handed=handed)

    def _command(self, argv: Argv, *, step: str, timeout_s: float, handed: Mapping[str, str]) -> Deed:
        """Secrets are files for as long as it runs, in a folder that ASSENT_SECRETS names."""
        commands = self.commands
        command = commands.command(argv, timeout_s=timeout_s, step=step)

        async def do(watched: Watched) -> Finished:
            async with commands.workshop.handing(commands.bench, handed) as folder:
                seen = dict(command.env) | ({"ASSENT_SECRETS": folder} if folder else {})
                walls = command.walls
                if folder:
                    walls = replace(walls, write=(*walls.write, folder))
                return await commands.sandbox.run(
                    replace(command, env=seen, walls=walls),
                    on_line=watched.on_line,
                    stop=watched.stop,
                    until=watched.until,
                )

        return do

    def _request(
        self, request: HttpRequest, *, step: str, timeout_s: float, handed: Mapping[str, str], key: str
    ) -> Deed:
        commands = self.commands
        sending = ready_to_send(
            request,
            lambda template: commands.fill_privately(template, step=step, handed=handed),
            key=key,
            hosts=commands.walls().hosts,
            timeout_s=timeout_s,
            output_limit=commands.skill.manifest.limits.output_kb * 1024,
            secrets=commands.shown_to_nobody(),
        )

        async def do(watched: Watched) -> Finished:
            return await commands.workshop.send(request, sending, stop=watched.stop)

        return do

    async def _call(self, asked: Asked, *, step: str, timeout_s: float, key: str) -> Deed:
        carried = await self.commands.calling(
            asked.call,
            step=step,
            timeout_s=timeout_s,
            key=key,
            answers=asked.answers,
            measures=asked.measures,
        )

        async def do(watched: Watched) -> Finished:
            return await carried(watched.stop)

        return do

    async def _tool(self, tool: Tool, *, step: str, timeout_s: float) -> Deed:
        used = await self.commands.using(
            tool.call, step=step, timeout_s=timeout_s, answers=tool.answers, measures=tool.measures
        )

        async def do(watched: Watched) -> Finished:
            return await used(watched.stop, watched.until)

        return do

    async def _model(self, call: ModelCall, *, step: str, timeout_s: float) -> Deed:
        """The key is looked up now, so that a step without one does not begin."""
        commands, workshop = self.commands, self.commands.workshop
        account = commands.means.account(call, step=step)
        tier = commands.means.models.tiers[call.tier]
        source = tier.credential.source if tier.credential else None
        key = "" if source is None else await workshop.secret(f"of the {call.tier} model", source)
        secrets = (*await commands.kept_from_models(), *((key,) if key else ()))
        tools = offered(
            call, permitted=commands.skill.manifest.permissions.verbs, connectors=commands.connectors
        )
        rules = RULES if tools else ""
        asked = prompt(call, lambda name: commands.value(name, step=step), secrets=secrets, rules=rules)
        await workshop.models.load()

        async def calls(verb: ConnectorCall, within_s: float) -> Carried:
            return await commands.calling(verb, step=step, timeout_s=within_s, as_written=True)

        async def do(watched: Watched) -> Finished:
            consulting = Consulting(
                tools=tools,
                calls=calls,
                account=account,
                hidden=Redactor(secrets),
                on_line=watched.on_line,
                stop=watched.stop,
            )
            return await Conversation(
                call=call,
                tier=tier,
                prompt=asked,
                account=account,
                ask=workshop.models.ask,
                consulting=consulting,
                key=key,
                secrets=secrets,
                timeout_s=timeout_s,
                on_line=watched.on_line,
                stop=watched.stop,
            ).hold()

        return do
