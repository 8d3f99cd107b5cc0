"""Pure: a record goes in, Block Kit comes out. Nothing here asks anybody anything."""

from bot.slack.cards.card import Card, card, sentence

__all__ = ["Card", "card", "sentence"]
