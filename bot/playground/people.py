"""The people, groups and channels of the seeded workspace: one of each kind the bot must tell apart."""

from dataclasses import dataclass, field

TEAM_ID, TEAM_NAME, TEAM_DOMAIN = "T0ASSENT", "Acme", "acme"
OTHER_TEAM_ID = "T0GLOBEX"
APP_ID, BOT_ID, BOT_USER_ID = "A0ASSENT", "B0ASSENT", "U0ASSENTBOT"
EVERYONE = frozenset({"engineer", "on-call", "manager", "guest", "bot", "stranger", "deleted", "app"})


@dataclass(frozen=True, slots=True)
class Person:
    """One account. `kind` decides Slack's flags: see faces.user()."""

    id: str
    name: str
    real_name: str
    title: str
    kind: str
    color: str
    team_id: str = TEAM_ID
    tz: str = "Europe/Berlin"
    bot_id: str = ""
    app_id: str = ""

    def __post_init__(self) -> None:
        if self.kind not in EVERYONE:
            raise ValueError(
                f"There is no kind of person {self.kind!r}. Known: {', '.join(sorted(EVERYONE))}."
            )

    @property
    def email(self) -> str:
        return f"{self.name}@acme.example" if self.team_id == TEAM_ID else f"{self.name}@globex.example"

    @property
    def is_bot(self) -> bool:
        return self.kind in ("bot", "app")

    @property
    def sees_public_channels(self) -> bool:
        """Full members browse every public channel; guests and strangers only see where they were let in."""
        return self.kind not in ("guest", "stranger", "deleted")


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    handle: str
    name: str
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A channel as it is on the first day."""

    id: str
    name: str
    purpose: str
    members: tuple[str, ...]
    is_archived: bool = False
    is_ext_shared: bool = False
    is_general: bool = False
    topic: str = field(default="")


def people(app_name: str) -> tuple[Person, ...]:
    """Everybody, the app's own bot user last."""
    return (
        Person("U0ALICE", "alice", "Alice Almeida", "Engineer, checkout", "engineer", "4bbe2e"),
        Person("U0BOB", "bob", "Bob Brandt", "Owner of checkout", "engineer", "e7392d"),
        Person(
            "U0CAROL", "carol", "Carol Chen", "Release manager", "manager", "3c989f", tz="America/New_York"
        ),
        Person("U0DAVE", "dave", "Dave Diallo", "SRE, on call", "on-call", "674b1b"),
        Person("U0MIA", "mia", "Mia Meyer", "Engineering manager", "manager", "e96699"),
        Person("U0ERIN", "erin", "Erin Eriksen", "Engineer, payments", "engineer", "9b3b45"),
        Person("U0GUS", "gus", "Gus Garcia", "Contractor", "guest", "d58247"),
        Person(
            "U0RITA",
            "rita",
            "Rita Monitor",
            "Monitoring app",
            "bot",
            "50a0cf",
            bot_id="B0RITA",
            app_id="A0RITA",
        ),
        Person("U0SAM", "sam", "Sam Singh", "Globex", "stranger", "8469bc", team_id=OTHER_TEAM_ID),
        Person("U0DAN", "dan", "Dan Dubois", "Left in spring", "deleted", "757575"),
        Person(
            BOT_USER_ID,
            app_name.lower().replace(" ", "-"),
            app_name,
            "",
            "app",
            "2b6cb0",
            bot_id=BOT_ID,
            app_id=APP_ID,
        ),
    )


GROUPS = (
    Group("S0ENGINEERS", "engineers", "Engineers", ("U0ALICE", "U0BOB", "U0ERIN", "U0DAVE")),
    Group("S0OWNERS", "service-owners", "Service owners", ("U0BOB", "U0ERIN")),
    Group("S0RELEASE", "release", "Release managers", ("U0CAROL", "U0MIA")),
    Group("S0SRE", "sre", "Site reliability", ("U0DAVE", "U0MIA")),
    Group("S0LEADS", "sre-leads", "Leads of site reliability", ("U0MIA",)),
    Group("S0SECURITY", "security", "Security", ("U0ERIN", "U0DAVE")),
)

_STAFF = ("U0ALICE", "U0BOB", "U0CAROL", "U0DAVE", "U0MIA", "U0ERIN")
PLACES = (
    Place("C0DEPLOYS", "deploys", "What goes out", (*_STAFF, "U0GUS", "U0RITA", BOT_USER_ID)),
    Place("C0GENERAL", "general", "Everybody", (*_STAFF, BOT_USER_ID), is_general=True),
    Place("C0RANDOM", "random", "The rest", _STAFF),
    Place("C0ARCHIVE", "incidents-archive", "Old incidents", (*_STAFF, BOT_USER_ID), is_archived=True),
    Place("C0PARTNERS", "partners", "With Globex", (*_STAFF, "U0SAM", BOT_USER_ID), is_ext_shared=True),
)
