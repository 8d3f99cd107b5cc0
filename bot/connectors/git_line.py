"""The line to git: the real one, guarded and walled in as a step is, which may read one repository.

A repository can bring configuration that starts programs. None of it is obeyed: no hooks, no monitors, no
helpers, no network, no configuration of the machine or of its user.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from bot.assess.connected import FILE
from bot.assess.connected import Git as Settings
from bot.connectors.lines import Opens, Secrets, finished
from bot.execute.connectors.connector import Connector, Unanswerable
from bot.execute.connectors.git import Git
from bot.execute.sandbox import DEFAULT_PATH, Command, Finished, Sandbox, StopSignal
from bot.execute.sandbox.walls import Walls
from bot.execute.steps.connector import Calling
from bot.flow.workshop import Carried

MOST_BYTES = 2 * 1024 * 1024
_REASON = 300
_OBEYING_NOTHING = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.pager=cat",
    "core.sshCommand=false",
    "core.alternateRefsCommand=",
    "diff.external=",
    "gpg.program=false",
    "protocol.allow=never",
    "log.mailmap=false",
)
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "LANG": "C.UTF-8",
}


def over_git(connector: Connector[Git], sandbox: Sandbox, *, path: str = DEFAULT_PATH) -> Opens:
    """`path` is where git is looked for."""

    async def opened(calling: Calling, secrets: Secrets) -> Carried:
        settings = calling.settings
        assert isinstance(settings, Settings)  # noqa: S101  the kind is the connector's

        async def carried(stop: StopSignal) -> Finished:
            line = GitLine(calling, settings, sandbox, path, stop)
            doing = connector.call(calling.verb, calling.arguments, line)
            return await finished(calling, doing, line, stop=stop, hidden=calling.hidden)

        return carried

    return opened


@dataclass(frozen=True, slots=True)
class GitLine:
    calling: Calling
    settings: Settings
    sandbox: Sandbox
    path: str
    stop: StopSignal

    @property
    def in_doubt(self) -> bool:
        return False  # it changes nothing

    async def git(self, repository: str, *arguments: str) -> str:
        folder = self.settings.repositories[repository]
        obeying = [part for one in (*_OBEYING_NOTHING, f"safe.directory={folder}") for part in ("-c", one)]
        argv = ("git", "--no-pager", *obeying, "-C", folder, *arguments)
        ended = await self.sandbox.run(
            Command(
                argv=self.sandbox.resolve(argv, allowed=("git",), folder="/", path=self.path),
                cwd="/",
                env={
                    **_ENVIRONMENT,
                    "GIT_CEILING_DIRECTORIES": posixpath.dirname(folder),
                    "PATH": self.path,
                    "HOME": "/nonexistent",
                },
                timeout_s=self.calling.timeout_s,
                output_limit=MOST_BYTES,
                secrets=self.calling.hidden,
                walls=Walls(exec=("git",), read=(folder,)),
            ),
            on_line=_quiet,
            stop=self.stop,
        )
        if ended.exit_code != 0:
            said = " ".join(ended.stderr.split())[:_REASON] or "it did not say why"
            raise Unanswerable(f"git could not read {repository} ({FILE}): {said}")
        if ended.dropped:
            raise Unanswerable(f"git printed more than {MOST_BYTES >> 20} MB: ask for less.")
        return ended.stdout


def _quiet(_line: str) -> None:
    """It is told when it is whole."""
