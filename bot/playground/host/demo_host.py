"""The host as a whole: services, environments, and what runs where."""

import asyncio
import json
from pathlib import Path
from typing import Any, get_args

import aiohttp

from bot.playground.host.declined import Declined
from bot.playground.host.forge import Forge
from bot.playground.host.meter import Meters
from bot.playground.host.repository import Release, Repository
from bot.playground.host.target import Environment, Target

ENVIRONMENTS: tuple[Environment, ...] = get_args(Environment)
FIRST_VERSIONS = {"checkout": "1.4.1", "payments": "2.1.0"}


class DemoHost:
    """Open until `close()`; nothing it started is left after that."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.meters = Meters()
        self.repositories = {service: Repository(home, service) for service in FIRST_VERSIONS}
        self.forge = Forge(home)
        self._targets: dict[tuple[str, str], Target] = {}
        self._session: aiohttp.ClientSession

    async def open(self) -> None:
        """Everything starts at the same time; on the first start that takes about a second."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        services = (self._open_service(repository) for repository in self.repositories.values())
        # All to their end, also when one fails: a git cancelled at its start never lets the loop end.
        for ended in await asyncio.gather(self.forge.open(), *services, return_exceptions=True):
            if ended is not None:
                raise ended

    async def _open_service(self, repository: Repository) -> None:
        await repository.create()
        first = await self.release(repository.service, FIRST_VERSIONS[repository.service])
        for environment in ENVIRONMENTS:
            self._targets[environment, repository.service] = Target(
                home=self._home,
                environment=environment,
                repository=repository,
                meters=self.meters,
                session=self._session,
            )
        await asyncio.gather(*(self._targets[e, repository.service].open(first) for e in ENVIRONMENTS))

    async def close(self) -> None:
        await asyncio.gather(*(target.close() for target in self._targets.values()))
        await self._session.close()

    def repository(self, service: str) -> Repository:
        if service not in self.repositories:
            known = ", ".join(self.repositories)
            raise Declined("no_such_service", f"There is no service {service}. Known: {known}.", status=404)
        return self.repositories[service]

    async def release(self, service: str, version: str) -> Release:
        releases = await self.repository(service).releases()
        for release in releases:
            if release.version == version:
                return release
        known = [release.version for release in releases]
        raise Declined(
            "no_such_version",
            f"{service} has no version {version}. Known: {', '.join(known)}.",
            status=404,
            known=known,
        )

    def target(self, environment: str, service: str) -> Target:
        self.repository(service)
        if (environment, service) not in self._targets:
            known = ", ".join(ENVIRONMENTS)
            raise Declined("no_such_environment", f"There is no {environment}. Known: {known}.", status=404)
        return self._targets[environment, service]

    def targets(self) -> list[Target]:
        return [self._targets[e, service] for service in self.repositories for e in ENVIRONMENTS]

    async def sample_requests(self, service: str) -> list[dict[str, Any]]:
        """Requests customers really make, as the service's newest release lists them."""
        repository = self.repository(service)
        newest = (await repository.releases())[-1]
        found = []
        for line in (await repository.read(newest.commit, "requests.txt")).splitlines():
            method, path, *body = line.split(" ", 2)
            found.append({"method": method, "path": path, "body": json.loads(body[0]) if body else None})
        return found
