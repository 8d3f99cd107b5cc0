"""`assent skills sign`, `verify` and `lock`: who stands behind the bytes that may run."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import opened, terminal
from bot.terms import Refused

if TYPE_CHECKING:
    from bot.ask.catalog import Skill

AsJson = Annotated[bool, typer.Option("--json", help="For a program to read.")]


def sign(
    name: Annotated[str, typer.Argument(help="The skill.")],
    key: Annotated[
        Path | None,
        typer.Option(help="A private SSH key, or a public one whose other half ssh-agent holds."),
    ] = None,
    print_: Annotated[
        bool, typer.Option("--print", help="Only print what would be signed, for other tools.")
    ] = False,
) -> None:
    """Sign a skill as it is now with an SSH key; the signature is put beside its folder.

    What is signed is its name, version, digest and the digest of every file. Whose signature counts is said
    in allowed_signers among the policies.

    Such as: assent skills sign deploy --key ~/.ssh/id_ed25519
    """
    from bot.artifacts import signatures

    skill = one(name)
    if print_:
        typer.echo(signatures.statement(skill).decode(), nl=False)
        return
    if key is None:
        raise Refused("Say with which key: --key ~/.ssh/id_ed25519.")
    path = signatures.beside(opened.config().skills_dir, skill.name)
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(signatures.sign(skill, key=key))
    beside.replace(path)
    terminal.note(f"{path} signs {skill.name} {skill.version} {skill.digest}.")
    if again := opened.artifacts().skills()[skill.name].unarmed:
        terminal.note(f"It cannot be used yet: {again}")


def verify(
    name: Annotated[str | None, typer.Argument(help="One skill; all of them when left out.")] = None,
    json: AsJson = False,
) -> None:
    """Whether each skill is the reviewed one, signed by who may and not revoked; exit 1 when one is not.

    Such as: assent skills verify deploy
    """
    from bot.artifacts import locks
    from bot.artifacts.signatures import ALLOWED

    config = opened.config()
    catalog = opened.skills()
    if name is not None:
        one(name)
    locked, _ = locks.read(config.skills_dir)
    rows = []
    for skill in catalog.values():
        if name in (None, skill.name):
            line = locked.get(skill.name)
            rows.append(
                {
                    "name": skill.name,
                    "version": skill.version,
                    "digest": skill.digest,
                    "reviewed": line is not None and line.digest == skill.digest,
                    "reviewed_by": line.reviewed_by if line else "",
                    "signer": skill.signer,
                    "revoked": bool(catalog.revocations.why(skill.digest, skill.signer)),
                    "good": not skill.unarmed,
                    "why": skill.unarmed,
                }
            )
    if name is None:
        rows += [{"name": broken, "good": False, "why": why} for broken, why in catalog.broken.items()]
    if json:
        terminal.as_json(rows)
    else:
        terminal.table(("skill", "", "signed by", "reviewed by", ""), map(_row, rows), empty="No skills.")
        if not (config.policies_dir / ALLOWED).exists():
            terminal.note(f"Nobody has to sign: there is no {config.policies_dir / ALLOWED}.")
    if not all(row["good"] for row in rows):
        raise typer.Exit(1)


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    state = "good" if row["good"] else "NOT GOOD"
    return (row["name"], state, row.get("signer") or "-", row.get("reviewed_by") or "-", row["why"])


_NOBODY = "Who reviewed what changed is not written down: say --reviewed-by, or set git's user.email."


def lock(
    names: Annotated[list[str] | None, typer.Argument(help="Some skills; all of them when left out.")] = None,
    reviewed_by: Annotated[
        str | None, typer.Option(help="Who reviewed what changed; else git's user.email. Empty: nobody.")
    ] = None,
) -> None:
    """Say "reviewed": write the digest of every skill as it is now into skills.lock.

    What is to be reviewed is shown by: assent skills diff
    """
    from bot.artifacts import lock as text_of
    from bot.artifacts.locks import FILE, Locked, read

    folder = opened.config().skills_dir
    catalog = opened.skills()
    before, unreadable = read(folder)
    if catalog.broken and not names:
        reasons = "\n".join(f"{name}: {why}" for name, why in catalog.broken.items())
        raise Refused(f"Nothing was locked, because not every skill can be read.\n{reasons}")
    if unreadable and names:
        raise Refused("\n".join(map(str, unreadable)))
    chosen = [one(name) for name in names] if names else list(catalog.values())
    kept: dict[str, Locked] = {name: line for name, line in before.items() if names and name not in names}
    who = reviewed_by if reviewed_by is not None else _git_email(folder)
    path = folder / FILE
    beside = path.with_suffix(".new")
    beside.write_text(text_of(chosen, before=before, reviewed_by=who, kept=kept))
    beside.replace(path)
    after = opened.artifacts().skills()
    for skill in chosen:
        was = "new" if skill.name not in before else "changed" if skill.unarmed else "as before"
        terminal.note(f"{skill.name} {skill.version} {skill.digest} ({was})")
        if why := after[skill.name].unarmed:
            terminal.note(f"  It cannot be used all the same: {why}")
    if any(skill.unarmed for skill in chosen):
        terminal.note(f"What changed was reviewed by {who}." if who else _NOBODY)


def one(name: str) -> Skill:
    """A skill that can be read, armed or not; raises Refused with what is wrong with it."""
    catalog = opened.skills()
    return catalog.get(name) or catalog.find(name)


def _git_email(folder: Path) -> str:
    argv = ["git", "-C", str(folder), "config", "user.email"]
    try:
        ran = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.strip() if ran.returncode == 0 else ""
