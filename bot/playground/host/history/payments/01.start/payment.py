"""Check a payment, price it, sign a receipt. Money is in whole cents."""

import hashlib
import hmac
import json
import secrets

RECEIPT_KEY = secrets.token_bytes(32)


class BadPayment(ValueError):
    """The payment cannot be taken; the message is for whoever sent it."""


def pay(payment):
    amount, card = payment["amount"], payment["card"]
    if not passes_luhn(card):
        raise BadPayment("this is not a card number")
    receipt = {"amount": amount, "fee": 25 + amount * 14 // 1000, "card": card}
    return {**receipt, "signature": sign(receipt)}


def passes_luhn(card):
    digits = [int(digit) for digit in reversed(card)]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2]]
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0


def sign(receipt):
    return hmac.new(RECEIPT_KEY, json.dumps(receipt, sort_keys=True).encode(), hashlib.sha256).hexdigest()
