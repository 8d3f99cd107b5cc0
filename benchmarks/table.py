"""The findings for people, and for programs."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.findings import Finding

DIGITS = {"/s": 0, "µs": 0, "MB": 1, "ms": 2, "s": 2}


def shown(findings: Sequence[Finding], console: Console) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("name", no_wrap=True)
    for number in ("measured", "baseline", "ratio"):
        table.add_column(number, no_wrap=True, justify="right")
    table.add_column("wanted")
    table.add_column("", no_wrap=True)
    for each in findings:
        table.add_row(
            Text(each.name),
            said(each, each.measured),
            said(each, each.baseline),
            f"{each.ratio:.2f}",
            each.target,
            Text("met", "green") if each.met else Text(f"short by {each.short_by:.0%}", "red"),
        )
    console.print(table)
    for each in findings:
        line = Text.assemble((each.name, "bold"), f": {each.what}. Baseline: {each.against}.")
        console.print(line.append(f" {each.note}." if each.note else "", "dim"))


def said(finding: Finding, value: float) -> str:
    return f"{value:,.{DIGITS[finding.unit]}f} {finding.unit}"


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    machine = {"python": platform.python_version(), "system": platform.platform(), "cpu": platform.machine()}
    return {"machine": machine, "findings": [each.as_json() for each in findings]}
