"""Check a payment, price it, sign a receipt. Money is in whole cents."""

import hashlib
import hmac
import json
import secrets

RECEIPT_KEY = secrets.token_bytes(32)


class BadPayment(ValueError):
    """The payment cannot be taken; the message is for whoever sent it."""


def pay(payment):
    if not isinstance(payment, dict):
        raise BadPayment("send an object with amount and card")
    amount, card = payment.get("amount"), payment.get("card")
    if type(amount) is not int or amount <= 0:
        raise BadPayment("amount: a whole number of cents above zero")
    if not isinstance(card, str) or not card.isdecimal() or not passes_luhn(card):
        raise BadPayment("this is not a card number")
    receipt = {"amount": amount, "fee": 25 + amount * 14 // 1000, "card": card[-4:]}
    return {**receipt, "signature": sign(receipt)}


def passes_luhn(card):
    digits = [int(digit) for digit in reversed(card)]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2]]
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0


def sign(receipt):
    return hmac.new(RECEIPT_KEY, json.dumps(receipt, sort_keys=True).encode(), hashlib.sha256).hexdigest()
