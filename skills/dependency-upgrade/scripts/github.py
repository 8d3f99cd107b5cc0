"""Pull requests by GitHub's REST API. `ASSENT_GITHUB_API` is another address of it, for GitHub Enterprise.

A branch has one pull request: it is found by its head branch and updated, never opened a second time.
"""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass
from typing import Any

import web
from catalogue import Repository
from settings import setting, token

API = "https://api.github.com"
_ACCEPT = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


@dataclass(frozen=True)
class Pulls:
    repository: Repository
    url: str
    token: str

    @classmethod
    def of(cls, repository: Repository) -> Pulls | None:
        """None where nothing can be opened: a plain git remote, or no token."""
        if not repository.github or not token():
            return None
        url = setting("ASSENT_GITHUB_API", API).rstrip("/")
        return cls(repository, f"{url}/repos/{repository.github}/pulls", token())

    def open_for(self, branch: str) -> dict[str, Any] | None:
        """The open pull request of a branch."""
        owner = self.repository.github.partition("/")[0]
        query = urllib.parse.urlencode({"head": f"{owner}:{branch}", "state": "open"})
        found = [one for one in self._ask(f"{self.url}?{query}") if one["head"]["ref"] == branch]
        return found[0] if found else None

    def open(self, *, branch: str, base: str, title: str, body: str) -> dict[str, Any]:
        content = {"head": branch, "base": base, "title": title, "body": body, "maintainer_can_modify": True}
        return self._ask(self.url, method="POST", body=content)

    def change(self, number: int, **fields: str) -> dict[str, Any]:
        return self._ask(f"{self.url}/{int(number)}", method="PATCH", body=fields)

    def _ask(self, url: str, *, method: str = "GET", body: Any = None) -> Any:
        headers = {**_ACCEPT, "Authorization": f"Bearer {self.token}"}
        return web.ask(url, method=method, body=body, headers=headers)


def how_to_open(repository: Repository, base: str, branch: str) -> str:
    """What a person does where we cannot."""
    if repository.github and "github.com" in repository.url:
        return f"Open it: https://github.com/{repository.github}/compare/{base}...{branch}?expand=1"
    return f"The branch is pushed. Open a pull request from {branch} into {base} where {repository.name} is."
