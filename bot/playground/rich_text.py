"""Rich text inside Block Kit: sections of styled runs, lists, quotes, code; and the cells of a table."""

from bot.playground.elements import URL
from bot.playground.schema import Bool, Int, Many, Obj, Schema, Str, Typed

STYLE = Obj(
    optional={
        name: Bool()
        for name in (
            "bold",
            "italic",
            "strike",
            "code",
            "underline",
            "highlight",
            "client_highlight",
            "unlink",
        )
    }
)
STYLED: dict[str, Schema] = {"style": STYLE}
RUN = Typed(
    {
        "text": Obj({"text": Str()}, STYLED),
        "link": Obj({"url": URL}, {**STYLED, "text": Str(), "unsafe": Bool()}),
        "user": Obj({"user_id": Str(max=255)}, STYLED),
        "usergroup": Obj({"usergroup_id": Str(max=255)}, STYLED),
        "channel": Obj({"channel_id": Str(max=255)}, STYLED),
        "team": Obj({"team_id": Str(max=255)}, STYLED),
        "emoji": Obj({"name": Str(max=255)}, {**STYLED, "unicode": Str(max=255), "skin_tone": Int()}),
        "broadcast": Obj({"range": Str(one_of=("here", "channel", "everyone"))}, STYLED),
        "color": Obj({"value": Str(max=7)}, STYLED),
        "date": Obj({"timestamp": Int(), "format": Str()}, {**STYLED, "url": URL, "fallback": Str()}),
    }
)
RUNS = Many(RUN, 1000)
SECTION = Obj({"elements": RUNS})
PART = Typed(
    {
        "rich_text_section": SECTION,
        "rich_text_quote": Obj({"elements": RUNS}, {"border": Int(max=1)}),
        "rich_text_preformatted": Obj({"elements": RUNS}, {"border": Int(max=1), "language": Str(max=255)}),
        "rich_text_list": Obj(
            {
                "style": Str(one_of=("bullet", "ordered")),
                "elements": Many(Typed({"rich_text_section": SECTION}), 1000),
            },
            {"indent": Int(max=8), "offset": Int(), "border": Int(max=1)},
        ),
    }
)
RICH_TEXT = Many(PART, 1000)
TABLE_CELL = Typed({"raw_text": Obj({"text": Str()}), "rich_text": Obj({"elements": RICH_TEXT})})
