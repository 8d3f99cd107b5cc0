"""Every key there is. A workspace's keys share one hash tag: each transition is one script in one slot."""

from __future__ import annotations

from dataclasses import dataclass

from bot.terms import RequestId

TEAMS = "assent:teams"


@dataclass(frozen=True, slots=True)
class Keys:
    team: str

    def _of(self, name: str) -> str:
        return f"assent:{{{self.team}}}:{name}"

    @property
    def counter(self) -> str:
        return self._of("counter")

    @property
    def requests(self) -> str:
        """Prefix of the request hashes; `:votes` and `:journal` follow the id."""
        return self._of("r:")

    @property
    def index(self) -> str:
        """Every request by the time it was asked."""
        return self._of("index")

    @property
    def states(self) -> str:
        """Which request is in which state: what a lost queue is rebuilt from."""
        return self._of("states")

    @property
    def audit(self) -> str:
        return self._of("audit")

    @property
    def seals(self) -> str:
        return self._of("audit:seals")

    @property
    def inbox(self) -> str:
        return self._of("inbox")

    @property
    def outbox(self) -> str:
        return self._of("outbox")

    @property
    def notices(self) -> str:
        return self._of("notices")

    @property
    def work(self) -> str:
        return self._of("work")

    @property
    def due(self) -> str:
        """Timers, scored in the store's own time."""
        return self._of("due")

    @property
    def ledger(self) -> str:
        return self._of("ledger")

    @property
    def holds(self) -> str:
        return self._of("holds")

    @property
    def locks(self) -> str:
        return self._of("locks")

    @property
    def slots(self) -> str:
        """The runs of skills that allow only so many at once, and of which skill each is."""
        return self._of("slots")

    @property
    def turns(self) -> str:
        """Which requests wait for such a slot: its skill, since when, and when they last asked."""
        return self._of("turns")

    @property
    def loaded(self) -> str:
        """The digest last loaded under each name."""
        return self._of("loaded")

    def seen(self, identity: str) -> str:
        return self._of(f"seen:{identity}")

    def output(self, request: RequestId, name: str) -> str:
        """What a step said, until it was sent on."""
        return self._of(f"output:{request}:{name}")

    def history(self, account: str, band: str = "") -> str:
        return self._of(f"history:{account}:{band}" if band else f"history:{account}")

    def failures(self, account: str, band: str = "") -> str:
        """Lines of `history` that must not be forgotten, however many others follow."""
        return self._of(f"failures:{account}:{band}" if band else f"failures:{account}")

    def lots(self, account: str) -> str:
        """Which run used up the last lot, by band and target."""
        return self._of(f"lots:{account}")

    def showing(self, request: RequestId) -> str:
        return self._of(f"showing:{request}")

    def telling(self, notice: str) -> str:
        return self._of(f"telling:{notice}")

    def heard(self, notice: str) -> str:
        """Whom a notice was said to already."""
        return self._of(f"heard:{notice}")
