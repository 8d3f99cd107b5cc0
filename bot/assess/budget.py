"""Which accounts a run draws on, and how much each may hold in its period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from bot.ask.invocation import Invocation
from bot.assess.assessment import BudgetLine
from bot.assess.compiled import Policy
from bot.assess.runbook import Budget
from bot.terms import Micros


@dataclass(frozen=True, slots=True)
class Account:
    """A limit for one period. `key` names it in the ledger, `scope` says it to people."""

    scope: str
    key: str
    limit: Micros


def accounts(
    policies: Iterable[Policy], invocation: Invocation, *, team: str, now: datetime
) -> tuple[Account, ...]:
    """The accounts that a run draws on at `now`; periods are days and months in UTC.

    Where two policies limit the same account, the lower limit holds.
    """
    found: dict[str, Account] = {}
    for policy in policies:
        for budget in policy.runbook.budgets:
            account = _account(budget, invocation, team, now)
            if account and (account.key not in found or account.limit < found[account.key].limit):
                found[account.key] = account
    return tuple(found.values())


def lines(accounts: Iterable[Account], spent: Mapping[str, Micros] | None) -> tuple[BudgetLine, ...]:
    """What is left of each; nothing where the ledger could not say what is spent."""
    left = {
        one.key: one.limit - spent[one.key] if spent is not None and one.key in spent else 0
        for one in accounts
    }
    return tuple(
        BudgetLine(scope=one.scope, key=one.key, limit=one.limit, left=Micros(left[one.key]))
        for one in accounts
    )


def rolled(key: str, now: datetime) -> str:
    """The account of the same limit in the period of `now`: what waited for midnight is spent after it."""
    whose, _, period = key.rpartition(":")
    return f"{whose}:{_period('day' if len(period) > len('2026-01') else 'month', now)}"


def _account(budget: Budget, invocation: Invocation, team: str, now: datetime) -> Account | None:
    environment, skill = invocation.environment, invocation.skill
    match budget.scope:
        case "team":
            whose, called = team, "team"
        case "environment":
            if budget.environment not in (None, environment):
                return None
            whose = called = environment.value
        case "skill":
            if budget.skill not in (None, skill):
                return None
            whose = called = skill
    period = "today" if budget.period == "day" else "this month"
    key = f"{budget.scope}:{whose}:{_period(budget.period, now)}"
    return Account(f"{called} {period}", key, budget.limit)


def _period(of: Literal["day", "month"], now: datetime) -> str:
    day = now.astimezone(UTC).date()
    return day.isoformat() if of == "day" else f"{day:%Y-%m}"
