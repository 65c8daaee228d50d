"""Create and get of one number on SQLite, against the reference, the ceiling and the raw driver."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import constants
from bench.race import Race, race, served
from bench.rows.contenders import (
    CEILING,
    CORE,
    CREATE_PATH,
    FRAMEWORK,
    NUMBER_PATH,
    UNIT_OF_WORK,
    US,
    create_known,
    creating,
    driving,
    getting,
    known_numbers,
)
from bench.rows.same_answers import check_same_answers
from bench.rows.scale import Scale
from bench.servers import (
    KeyPair,
    Server,
    bare_framework,
    ceiling,
    cordboard,
    create_organization,
    reference,
)
from bench.table import Goal, Row

SECTION = "numbers"
RAW = "raw apsw, 16 a commit"


@dataclass(frozen=True)
class _Field:
    """The servers that are measured side by side, each on a database of its own."""

    us: Server
    ceiling: Server
    framework: Server
    core: Server
    unit_of_work: Server
    raw_url: str
    raw_pair: KeyPair


def measure(scale: Scale) -> Iterator[Row]:
    """Measure create and get, the ceiling itself, authentication and memory."""
    with _field(scale.folder) as field:
        after_start_mb = field.us.resident_mb()
        for server in (field.us, field.core, field.unit_of_work):
            create_known(server)
        check_same_answers([field.us, field.core, field.unit_of_work])
        creates = _race_creates(field, scale)
        yield from _create_rows(creates)
        gets = _race_gets(field, scale)
        yield from _get_rows(gets)
        yield from _ceiling_rows(creates, gets)
        yield _authentication_row(field.ceiling, scale)
        at_end_mb = field.us.resident_mb()
        yield _memory_row("memory after start", after_start_mb, 120)
        yield _memory_row("memory after the rows above", at_end_mb, 200)


@contextmanager
def _field(folder: Path) -> Iterator[_Field]:
    urls = {name: f"sqlite:///{folder}/{name}.db" for name in ("us", "ceiling", "raw")}
    pairs = {name: create_organization(url, folder) for name, url in urls.items()}
    core, unit = (f"sqlite:///{folder}/{style}.db" for style in ("core", "unit-of-work"))
    with ExitStack() as stack:
        yield _Field(
            us=stack.enter_context(cordboard(urls["us"], pairs["us"], folder)),
            ceiling=stack.enter_context(ceiling(urls["ceiling"], pairs["ceiling"], folder)),
            framework=stack.enter_context(bare_framework(folder)),
            core=stack.enter_context(reference(core, "core", folder)),
            unit_of_work=stack.enter_context(reference(unit, "unit-of-work", folder)),
            raw_url=urls["raw"],
            raw_pair=pairs["raw"],
        )


def _race_creates(field: _Field, scale: Scale) -> Race:
    seconds = scale.seconds
    contenders = [
        creating(US, field.us, CREATE_PATH, seconds),
        creating(CORE, field.core, CREATE_PATH, seconds),
        creating(UNIT_OF_WORK, field.unit_of_work, CREATE_PATH, seconds),
        creating(CEILING, field.ceiling, constants.CREATE_PATH, seconds),
        creating(FRAMEWORK, field.framework, constants.CREATE_PATH, seconds),
        driving(RAW, field.raw_url, field.raw_pair, seconds),
    ]
    return race(contenders, scale.runs)


def _race_gets(field: _Field, scale: Scale) -> Race:
    seconds = scale.seconds
    contenders = [
        getting(US, field.us, NUMBER_PATH, seconds),
        getting(CORE, field.core, NUMBER_PATH, seconds),
        getting(UNIT_OF_WORK, field.unit_of_work, NUMBER_PATH, seconds),
        getting(CEILING, field.ceiling, constants.GET_PATH, seconds),
        getting(FRAMEWORK, field.framework, constants.GET_PATH, seconds),
    ]
    return race(contenders, scale.runs)


def versus(section: str, work: str, race_: Race, other: str, goal: Goal | None) -> Row:
    """Return the row of Cordboard's throughput as a multiple of another's."""
    return Row(
        section=section,
        work=f"{work} against the {other}",
        measured=race_.described(other),
        value=race_.ratio(US, other),
        goal=goal,
        void=race_.why_void(US, other),
    )


def _share(work: str, race_: Race, of: str, to: str, goal: Goal) -> Row:
    return Row(
        section=SECTION,
        work=work,
        measured=race_.described(to),
        value=race_.ratio(of, to),
        unit="%",
        goal=goal,
        void=race_.why_void(of, to),
    )


def _create_rows(creates: Race) -> Iterator[Row]:
    work = "create, SQLite, durable, 16 clients"
    yield Row(section=SECTION, work=work, measured=creates.described(US))
    yield versus(SECTION, "create", creates, CORE, Goal(9))
    yield versus(SECTION, "create", creates, UNIT_OF_WORK, Goal(9))
    yield _share("create, share of the ceiling", creates, US, CEILING, Goal(0.33, stretch=0.45))
    yield versus(SECTION, "create", creates, RAW, None)
    yield spread_row(SECTION, creates)


def spread_row(section: str, creates: Race) -> Row:
    """Return the row that holds the slow creates against the median one."""
    spread = creates.median_of(US, lambda sample: sample.report.p99_ms / sample.report.p50_ms)
    return Row(
        section=section,
        work="create, p99 against the median",
        value=spread,
        goal=Goal(6, is_floor=False),
        void=creates.why_void(US),
    )


def _get_rows(gets: Race) -> Iterator[Row]:
    yield Row(section=SECTION, work="get one, SQLite, 16 clients", measured=gets.described(US))
    yield versus(SECTION, "get", gets, CORE, Goal(12))
    yield versus(SECTION, "get", gets, UNIT_OF_WORK, Goal(12))
    yield _share("get, share of the ceiling", gets, US, CEILING, Goal(0.65, stretch=0.75))


def _ceiling_rows(creates: Race, gets: Race) -> Iterator[Row]:
    goal = Goal(0.60)
    yield _share("the ceiling's create, of the framework's", creates, CEILING, FRAMEWORK, goal)
    yield _share("the ceiling's get, of the framework's", gets, CEILING, FRAMEWORK, goal)


def _authentication_row(server: Server, scale: Scale) -> Row:
    """Measure the same constant with and without authentication, and take the difference."""
    differences = []
    for run in range(scale.runs + 1):
        with_, without = (
            served(server, server.get_plan(path, known_numbers(), scale.seconds / 3)).cpu_us
            for path in (constants.GET_PATH, constants.OPEN_PATH)
        )
        if run:
            differences.append(with_ - without)
    return Row(
        section=SECTION,
        work="authentication, CPU of a request",
        measured="a constant with authentication less the same without",
        value=median(differences),
        unit="µs",
        goal=Goal(50, is_floor=False),
    )


def _memory_row(work: str, megabytes: float, most: float) -> Row:
    goal = Goal(most, is_floor=False)
    return Row(section=SECTION, work=work, value=megabytes, unit="MB", goal=goal)
