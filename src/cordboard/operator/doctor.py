"""``cordboard doctor``: what is wrong with this installation, in words, and what to do."""

import stat
from pathlib import Path

import typer
import uvloop

from cordboard.edge.cli.output import print_table
from cordboard.operator.installation import (
    configured_key,
    kept_key_file,
    opened_database,
    secret_key_of,
)
from cordboard.operator.number_rules import number_rules
from cordboard.operator.terminal import (
    REFUSED,
    DatabaseOption,
    JSONOption,
    configured,
    print_as_json,
)
from cordboard.runtime.clock import iso_utc, system_clock
from cordboard.runtime.db import Database
from cordboard.runtime.db.examination import (
    Finding,
    Level,
    examine,
    get_newest_time,
    write_probe,
)
from cordboard.runtime.errors import DomainError, StartError
from cordboard.runtime.secret_key import configured_or_kept, find_check_value
from cordboard.runtime.settings import Configuration, Settings, shown_value

FIRST_RELEASE_MS = 1_767_225_600_000
"""2026-01-01: a clock that shows an earlier day is wrong."""

FUTURE_MS = 5_000

TRUSTED = "trusted: organizations share calls to unknown numbers, workers' names and trunks"


def doctor(
    database: DatabaseOption = None,
    *,
    as_json: JSONOption = False,
) -> None:
    """Check configuration, database, secret key, clock and LiveKit; status 1 if one is broken."""
    try:
        configuration = configured(database_url=database)
    except StartError as error:
        findings = [Finding("settings", Level.BROKEN, line) for line in str(error).splitlines()]
    else:
        findings = _settings(configuration)
        findings += uvloop.run(_examined(configuration.settings))
    _print(findings, as_json=as_json)
    if any(finding.level is Level.BROKEN for finding in findings):
        raise typer.Exit(REFUSED)


def _print(findings: list[Finding], *, as_json: bool) -> None:
    broken = sum(finding.level is Level.BROKEN for finding in findings)
    if as_json:
        print_as_json({"is_healthy": broken == 0, "findings": findings})
        return
    print_table(("", "check", "finding"), ([f.level, f.check, f.text] for f in findings))
    typer.echo(f"\n{broken} broken" if broken else "\nNothing is broken.")


def _settings(configuration: Configuration) -> list[Finding]:
    try:
        number_rules(configuration.settings)
    except StartError as error:
        return [Finding("settings", Level.BROKEN, str(error))]
    warnings = [Finding("settings", Level.WARNING, text) for text in configuration.warnings]
    mode = configuration.settings.mode
    valid = Finding("settings", Level.OK, f"valid, {mode} mode")
    return [*(warnings or [valid]), Finding("tenancy", Level.OK, TRUSTED)]


async def _examined(settings: Settings) -> list[Finding]:
    """Look at the database and at what only makes sense together with it."""
    shown = shown_value(settings.database_url)
    findings = [_clock()]
    try:
        async with opened_database(settings) as db:
            findings.append(
                Finding("database", Level.OK, f"{shown} has the schema of this version")
            )
            findings += await examine(settings.database_url.get_secret_value())
            findings.append(await _writable(db))
            findings += await _time_of(db)
            findings.append(await _secret_key(db, settings))
            findings += await _livekit(db, settings)
    except StartError as error:
        findings.append(Finding("database", Level.BROKEN, f"{shown}: {error}"))
        findings += _secret_key_alone(settings)
    except DomainError as error:
        findings.append(Finding("database", Level.BROKEN, f"{shown}: {error.detail}"))
    return findings + _key_file(settings)


async def _writable(db: Database) -> Finding:
    try:
        await db.write(write_probe)
    except DomainError as error:
        return Finding("writing", Level.BROKEN, f"a write was refused: {error.detail}")
    return Finding("writing", Level.OK, "a write went to the disk")


async def _secret_key(db: Database, settings: Settings) -> Finding:
    if await db.read(find_check_value) is None:
        text = "the database has not been used yet; the first start gives it a key"
        return Finding("secret key", Level.WARNING, text)
    try:
        key = await secret_key_of(db, settings)
    except StartError as error:
        return Finding("secret key", Level.BROKEN, str(error))
    if key.is_weak:
        text = "can be guessed; production mode will refuse it"
        return Finding("secret key", Level.WARNING, text)
    return Finding("secret key", Level.OK, "is the one that the database was made with")


async def _livekit(db: Database, settings: Settings) -> list[Finding]:
    if not settings.has_livekit:
        return []
    # What speaks to LiveKit takes a while to import, and most commands never need it.
    from cordboard.operator.livekit_findings import livekit_findings  # noqa: PLC0415 - as said above

    return await livekit_findings(settings, db)


def _secret_key_alone(settings: Settings) -> list[Finding]:
    """Check the form of the key while there is no database that could tell whether it fits."""
    file = kept_key_file(settings)
    if settings.secret_key is None and file is not None and not file.exists():
        return []
    try:
        configured_or_kept(configured_key(settings), file, may_make=False)
    except StartError as error:
        return [Finding("secret key", Level.BROKEN, str(error))]
    return [Finding("secret key", Level.OK, "is well formed; whether it fits was not looked at")]


def _key_file(settings: Settings) -> list[Finding]:
    """Complain about a kept key that others on the machine may read."""
    file = None if settings.secret_key else kept_key_file(settings)
    if file is None or not file.exists() or not _is_open_to_others(file):
        return []
    text = f"others on this machine may read {file}; chmod 600 it"
    return [Finding("secret key", Level.WARNING, text)]


def _is_open_to_others(file: Path) -> bool:
    return bool(file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _clock() -> Finding:
    now_ms = system_clock()
    if now_ms < FIRST_RELEASE_MS:
        return Finding("clock", Level.BROKEN, f"it is not {iso_utc(now_ms)}; set the clock (NTP)")
    return Finding("clock", Level.OK, iso_utc(now_ms))


async def _time_of(db: Database) -> list[Finding]:
    newest_ms = await db.scan(get_newest_time)
    if newest_ms <= system_clock() + FUTURE_MS:
        return []
    text = f"the database has seen {iso_utc(newest_ms)}, which is yet to come; set the clock (NTP)"
    return [Finding("clock", Level.BROKEN, text)]
