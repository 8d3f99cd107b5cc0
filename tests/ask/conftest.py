"""Skills as their manifests declare them, without a disk."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from bot.ask.catalog import Catalog, Manifest, Skill
from bot.ask.reading import read_as
from bot.terms import Digest

DEPLOY: dict[str, Any] = {
    "name": "deploy",
    "version": "1.0.0",
    "owners": ["@platform"],
    "lifecycle": "stable",
    "summary": "Put a version of a service live.",
    "examples": ["put checkout live", "deploy checkout 1.4.2 to staging"],
    "inputs": {
        "type": "object",
        "additionalProperties": False,
        "required": ["service", "version"],
        "properties": {
            "service": {"type": "string", "enum": ["checkout", "payments"], "description": "The service"},
            "version": {
                "type": "string",
                "pattern": r"\A[0-9]+\.[0-9]+\.[0-9]+\z",
                "description": "A released version, e.g. 1.4.2",
            },
            "replicas": {
                "type": "integer",
                "minimum": 1,
                "maximum": 12,
                "default": 2,
                "description": "How many run",
            },
            "share": {"type": "number", "default": 1.0, "maximum": 1, "description": "Part of the traffic"},
            "drain": {"type": "boolean", "default": True, "description": "Finish open requests first"},
            "note": {"type": "string", "maxLength": 200, "description": "Why"},
        },
    },
    "environments": ["development", "staging", "production"],
    "effects": {
        "read_only": False,
        "destructive": False,
        "idempotent": True,
        "open_world": False,
        "risk": {"development": 10, "staging": 25, "production": 60},
        "blast_radius": "one service in one environment",
        "lock": "${inputs.service}@${environment}",
    },
    "permissions": {"exec": ["python3", "git"], "env": ["ASSENT_TARGET"]},
    "cost": {
        "ceiling_usd": {"development": "0.10", "staging": "0.10", "production": "0.50"},
        "lines": [{"unit": "compute_seconds", "p50": 20, "p95": 45}],
    },
    "plan": [{"id": "plan", "run": ["python3", "scripts/plan.py", "${inputs.service}"], "timeout": "30s"}],
    "steps": [
        {
            "id": "switch",
            "title": "Switch to ${inputs.version}",
            "run": ["python3", "scripts/switch.py", "${plan.resolved.commit}", "${idempotency_key}"],
            "timeout": "1m",
            "repeat": "reconcilable",
            "probe": ["python3", "scripts/switch.py", "--probe"],
            "undo": ["python3", "scripts/switch.py", "--back"],
        }
    ],
    "done_when": {
        "measure": {"run": ["python3", "scripts/measure.py"], "timeout": "60s"},
        "no_data": "fail",
        "checks": [{"name": "the new version answers", "observed": "version", "equals": "${inputs.version}"}],
    },
    "on_fail": "undo",
    "limits": {"wall": "5m", "output_kb": 64},
}

FILES = ("scripts/plan.py", "scripts/switch.py", "scripts/measure.py")

RESTART: dict[str, Any] = copy.deepcopy(DEPLOY) | {
    "name": "restart-service",
    "examples": ["restart-service checkout"],
    "environments": ["staging"],
    "inputs": {
        "additionalProperties": False,
        "required": ["service"],
        "properties": {
            "service": {"type": "string", "enum": ["checkout", "payments"], "description": "The service"}
        },
    },
}


def skill(data: dict[str, Any], **more: Any) -> Skill:
    manifest = read_as(Manifest, data)
    return Skill(
        manifest=manifest,
        digest=Digest("sha256:" + "ab" * 32),
        files={},
        folder=manifest.name,
        runbook="",
        **more,
    )


@pytest.fixture
def deploy() -> Skill:
    return skill(DEPLOY)


@pytest.fixture
def catalog(deploy: Skill) -> Catalog:
    return Catalog({"deploy": deploy, "restart-service": skill(RESTART)})


@pytest.fixture
def manifest_with() -> Callable[..., dict[str, Any]]:
    """A good manifest with one place changed; `...` takes the key away."""

    def changed(path: str, new: object) -> dict[str, Any]:
        data = copy.deepcopy(DEPLOY)
        at: Any = data
        *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
        for part in way:
            at = at[part]
        if new is ...:
            del at[last]
        else:
            at[last] = new
        return data

    return changed
