"""What a basket costs."""

import basket
import taxes


def price(items: list[tuple[str, int]], country: str) -> int:
    """In cents, taxes included."""
    return taxes.added(basket.total(items), country)
