"""Connectors: services that are asked in the worker, where their credentials stay. One file a kind.

Here is what each can be asked and what it says to its line; the lines themselves are at an edge
(`bot.connectors.lines`), and only the worker joins the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.execute.connectors.alertmanager import ALERTMANAGER
from bot.execute.connectors.connector import Connector, Verb
from bot.execute.connectors.git import GIT
from bot.execute.connectors.github import GITHUB
from bot.execute.connectors.kubernetes import KUBERNETES
from bot.execute.connectors.loki import LOKI
from bot.execute.connectors.prometheus import PROMETHEUS
from bot.execute.connectors.slack import SLACK

BY_HTTP = {one.kind: one for one in (PROMETHEUS, ALERTMANAGER, LOKI, GITHUB, KUBERNETES)}
"""Those whose line is HTTP."""

VERBS: Mapping[str, Mapping[str, Verb[Any]]] = {
    **{one.kind: one.verbs for one in BY_HTTP.values()},
    GIT.kind: GIT.verbs,
    SLACK.kind: SLACK.verbs,
}
"""By kind: what a manifest may ask for."""

__all__ = ["BY_HTTP", "GIT", "SLACK", "VERBS", "Connector", "Verb"]
