"""What a cart costs. Money is in whole cents."""

PRICES = {"tea": 450, "mug": 1290, "kettle": 3900, "honey": 780}
VAT_PERCENT = {"tea": 7, "honey": 7, "mug": 19, "kettle": 19}
SHIPPING = 490
FREE_FROM = 5000

# Discount in percent by loyalty class. The class is the last digit of the customer number.
LOYALTY_PERCENT = [0, 0, 0, 2, 2, 5, 10, 0, 0, 0]


class BadCart(ValueError):
    """The cart cannot be priced; the message is for whoever sent it."""


def price_cart(items, *, customer):
    lines = [price_line(item) for item in items.split(",") if item]
    net = sum(line["net"] for line in lines)
    vat = sum(line["vat"] for line in lines)
    discount = (net + vat) * LOYALTY_PERCENT[int(customer) % 10] // 100
    shipping = SHIPPING if 0 < net + vat - discount < FREE_FROM else 0
    return {
        "customer": int(customer),
        "lines": lines,
        "net": net,
        "vat": vat,
        "discount": discount,
        "shipping": shipping,
        "total": net + vat - discount + shipping,
    }


def price_line(item):
    name, _, count = item.partition(":")
    if name not in PRICES:
        raise BadCart(f"we do not sell {name!r}; known: {', '.join(PRICES)}")
    if not count.isdigit():
        raise BadCart(f"how many {name}? Write {name}:2")
    net = PRICES[name] * int(count)
    return {"item": name, "count": int(count), "net": net, "vat": (net * VAT_PERCENT[name] + 50) // 100}
