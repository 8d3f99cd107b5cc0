"""Every rule by its name, in a sentence: for reports that programs show beside a finding."""

from __future__ import annotations

ERRORS = {
    "manifest": "skill.yaml keeps to its schema and to itself.",
    "shell-string": "Commands are lists of arguments; no text is given to a shell or interpreter.",
    "unpinned-install": "What is installed is named exactly.",
    "download-and-run": "What is downloaded is not run unseen.",
    "escaping-link": "Links lead to files of the skill.",
    "unseen-character": "Every character can be seen by a reader.",
    "private-key": "No private key is among the files.",
    "front-matter": "SKILL.md keeps to the Agent Skills format.",
    "hidden-keys": "All readers see the same keys in the front matter.",
    "unknown-key": "The front matter has the keys of the format alone.",
    "missing-undo": "What changes something has an undo, where something is undone.",
    "read-only": "A skill that says it only reads has nothing that writes.",
    "unreviewed": "It was reviewed.",
    "lock": "What is there is what was reviewed.",
    "signature": "It is signed by who may sign.",
    "revoked": "It is not revoked.",
    "cases": "tests/cases.yaml can be run.",
    "unfit": "A skill is plain files, not too many and not too large.",
}

GUESSES = {
    "shell-in-code": "Code starts no shell.",
    "code-from-text": "Text does not become code.",
    "no-verification": "The identity of the other side is checked.",
    "wide-removal": "Nothing is removed by a variable or from the top.",
    "secret-like": "No credential is among the files.",
    "hidden-bytes": "Nothing is kept in text that nobody can read.",
    "talks-to-models": "Prose does not tell models to set rules aside.",
    "dead-link": "Links lead to files that are there.",
    "mixed-scripts": "A word is written in one script.",
    "unpinned-install": "What prose says to install is named exactly.",
    "download-and-run": "Prose does not say to run downloads unseen.",
    "short-description": "The description says what and when.",
    "long-text": "SKILL.md is not too long to be read at once.",
    "no-text": "SKILL.md says how it is done.",
    "file-name": "The runbook is called SKILL.md.",
    "asks-for-tools": "Text asks for no tools.",
    "front-matter": "Values are text where the format asks for text.",
    "no-cases": "A skill has cases that show what it does.",
    "untyped-examples": "An example can be typed as it is.",
    "replaced-by": "What replaces a deprecated skill is here.",
    "unused-permission": "What is permitted is used.",
    "not-taken-in": "It could be taken in.",
    "brings-manifest": "A manifest from elsewhere is not read.",
    "suppression": "Suppressions hold and are needed.",
}

ALL = {**GUESSES, **ERRORS}
