"""Patterns that are often harmless and worth a look: rule, pattern, what it is, what would be better."""

# ruff: noqa: E501 — a table keeps one row a line

from __future__ import annotations

import re

Pattern = tuple[str, re.Pattern[str], str, str]

PYTHON: tuple[Pattern, ...] = (
    ("shell-in-code", re.compile(r"shell\s*=\s*True|\bos\.(system|popen)\s*\(|subprocess\.get(status)?output\s*\("), "a shell is started from code", "Use a list of arguments."),
    ("code-from-text", re.compile(r"(?<![\w.])(eval|exec)\s*\(|pickle\.loads?\s*\(|yaml\.load\s*\((?!.*Safe)"), "text becomes code here", "Parse it as data."),
    ("no-verification", re.compile(r"verify\s*=\s*False|_create_unverified_context|CERT_NONE"), "the other side's certificate is not checked", "Check it."),
)  # fmt: skip
SHELL: tuple[Pattern, ...] = (
    ("no-verification", re.compile(r"\bcurl\b[^|;]*\s(-k|--insecure)\b|--no-check-certificate|StrictHostKeyChecking[= ]no"), "the other side's identity is not checked", "Check it."),
    ("code-from-text", re.compile(r"(^|[;&|]\s*)eval\s"), "text becomes a command here", "Write the command out."),
    ("wide-removal", re.compile(r"\brm\s+-[a-zA-Z]*[rR][a-zA-Z]*\s+([\"']?\$|/\s|/\*|~)"), "a whole tree is removed, by a variable or from the top", "Name a folder of the run's own."),
)  # fmt: skip
TEXT: tuple[Pattern, ...] = (
    ("secret-like", re.compile(r"\b(AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,}|xox[abposr]-[A-Za-z0-9-]{20,}|sk-[A-Za-z0-9_-]{32,}|AIza[0-9A-Za-z_-]{35})\b"), "this looks like a credential", "Refer to it by permissions.secrets."),
    ("hidden-bytes", re.compile(r"[A-Za-z0-9+/]{400,}={0,2}"), "a long run of encoded bytes nobody can read", "Keep data in a file of its own kind."),
)  # fmt: skip
PROSE: tuple[Pattern, ...] = (
    ("talks-to-models", re.compile(r"(ignore|disregard|forget) (all |any |the |your )*(previous|prior|above|earlier|system) (instructions|rules|prompt)", re.IGNORECASE), "it tells a model to set its rules aside", "Say what to do, openly."),
    ("talks-to-models", re.compile(r"(do not|don't|never|without) (tell|telling|inform|informing|mention|mentioning|ask|asking|notify|notifying)[^.\n]{0,30} users?\b", re.IGNORECASE), "it tells a model to keep something from people", "Say what to do, openly."),
)  # fmt: skip
