"""Permissions as a lattice: what is wider, what is covered, and that nothing widens itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ask.lattice import grants, widened
from bot.ask.manifest import Permissions

HOSTS = st.sampled_from(["a.test", "a.test:80", "a.test:443", "a.test:8443", "b.test", "${env.X}"])
PLACES = st.sampled_from(["/", "/etc", "/etc/acme", "/etcetera", "/var/lib", "${env.X}"])
VERBS = st.sampled_from(["kubernetes:pods:get", "kubernetes:pods:delete", "mcp:a:b"])
LISTS = {
    "exec": st.sampled_from(["git", "kubectl"]),
    "env": st.sampled_from(["X", "Y"]),
    "hosts": HOSTS,
    "verbs": VERBS,
}
PERMISSIONS = st.builds(
    lambda read, write, **lists: permissions(files={"read": read, "write": write}, **lists),
    read=st.lists(PLACES, max_size=3),
    write=st.lists(PLACES, max_size=3),
    **{name: st.lists(one, max_size=3) for name, one in LISTS.items()},
)  # fmt: skip


def permissions(**said: Any) -> Permissions:
    return Permissions.model_validate(said, strict=False)


def new(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    return [grant.said for grant in widened(permissions(**then), permissions(**now))]


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        ({}, {"exec": ["git"]}, ["program git"]),
        ({"hosts": ["a.test"]}, {"hosts": ["a.test:443"]}, []),
        ({"hosts": ["a.test:443"]}, {"hosts": ["a.test"]}, ["host a.test"]),
        ({"hosts": ["a.test"]}, {"hosts": ["a.test:8443"]}, ["host a.test:8443"]),
        ({"files": {"read": ["/etc"]}}, {"files": {"read": ["/etc/acme"]}}, []),
        ({"files": {"read": ["/etc"]}}, {"files": {"read": ["/etcetera"]}}, ["reads /etcetera"]),
        ({"files": {"write": ["/etc"]}}, {"files": {"read": ["/etc"]}}, ["reads /etc"]),
        ({"files": {"read": ["/etc/acme"]}}, {"files": {"read": ["/"]}}, ["reads /"]),
        (
            {"verbs": ["kubernetes:pods:get"]},
            {"verbs": ["kubernetes:pods:delete"]},
            ["verb kubernetes:pods:delete"],
        ),
        (
            {"secrets": {"t": {"from": "env:T", "steps": ["a"]}}},
            {"secrets": {"t": {"from": "env:T", "steps": ["a", "b"]}}},
            ["secret t (env:T) in b"],
        ),
        (
            {"secrets": {"t": {"from": "env:T", "steps": ["a"]}}},
            {"secrets": {"t": {"from": "file:/etc/shadow", "steps": ["a"]}}},
            ["secret t (file:/etc/shadow) in a"],
        ),
    ],
)
def test_what_is_newly_permitted(then: dict[str, Any], now: dict[str, Any], said: list[str]) -> None:
    assert new(then, now) == said


@given(PERMISSIONS)
def test_nothing_is_wider_than_itself_and_everything_is_wider_than_nothing(one: Permissions) -> None:
    assert widened(one, one) == ()
    assert set(widened(Permissions(), one)) == set(grants(one))


@given(PERMISSIONS, PERMISSIONS, PERMISSIONS)
def test_what_is_not_wider_by_two_steps_is_not_wider_at_once(
    a: Permissions, b: Permissions, c: Permissions
) -> None:
    if not widened(a, b) and not widened(b, c):
        assert widened(a, c) == ()
