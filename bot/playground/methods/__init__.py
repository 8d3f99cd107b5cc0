"""The Web API by family. Importing the package fills METHODS."""

from bot.playground.methods import chat, conversations, files, identity, marks, users, views
from bot.playground.methods.call import METHODS, Call, Office

__all__ = [
    "METHODS",
    "Call",
    "Office",
    "chat",
    "conversations",
    "files",
    "identity",
    "marks",
    "users",
    "views",
]
