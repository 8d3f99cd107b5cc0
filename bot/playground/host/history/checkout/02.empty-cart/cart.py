"""What a cart costs. Money is in whole cents."""

PRICES = {"tea": 450, "mug": 1290, "kettle": 3900, "honey": 780}
VAT_PERCENT = {"tea": 7, "honey": 7, "mug": 19, "kettle": 19}


class BadCart(ValueError):
    """The cart cannot be priced; the message is for whoever sent it."""


def price_cart(items, *, customer):
    lines = [price_line(item) for item in items.split(",") if item]
    net = sum(line["net"] for line in lines)
    vat = sum(line["vat"] for line in lines)
    return {"customer": int(customer), "lines": lines, "net": net, "vat": vat, "total": net + vat}


def price_line(item):
    name, _, count = item.partition(":")
    if name not in PRICES or not count.isdigit():
        raise BadCart("bad request")
    net = PRICES[name] * int(count)
    return {"item": name, "count": int(count), "net": net, "vat": int(net * VAT_PERCENT[name] / 100 + 0.5)}
