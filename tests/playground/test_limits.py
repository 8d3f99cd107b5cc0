"""Rate limits: bursts are small, what is taken comes back with time."""

import pytest

from bot.playground.limits import Limits, Tier


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("tier", list(Tier))
def test_a_tier_gives_its_burst_and_then_its_rate(tier: Tier) -> None:
    clock = Clock()
    limits = Limits(clock=clock)
    for _ in range(tier.value.burst):
        assert limits.wait_for("some.method", tier) == 0
    wait = limits.wait_for("some.method", tier)
    assert wait >= 1
    clock.now += wait
    assert limits.wait_for("some.method", tier) == 0
    passed = 0
    for _ in range(60):
        clock.now += 1
        while limits.wait_for("some.method", tier) == 0:
            passed += 1
    assert passed == pytest.approx(tier.value.per_minute, abs=1 + 2 * tier.value.per_minute / 60)


def test_a_channel_takes_one_message_a_second() -> None:
    clock = Clock()
    limits = Limits(clock=clock)
    while limits.wait_for("chat.postMessage", Tier.POSTING, "C0DEPLOYS") == 0:
        pass
    assert limits.wait_for("chat.postMessage", Tier.POSTING, "C0GENERAL") == 0
    clock.now += 1
    assert limits.wait_for("chat.postMessage", Tier.POSTING, "C0DEPLOYS") == 0
    assert limits.wait_for("chat.postMessage", Tier.POSTING, "C0DEPLOYS") == 1


def test_limits_can_be_switched_off() -> None:
    limits = Limits(enforced=False)
    assert [limits.wait_for("some.method", Tier.ONE) for _ in range(100)] == [0] * 100
