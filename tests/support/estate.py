"""Is everything in a database whole, and what its clients were told? Asked past the product."""

from collections import defaultdict
from collections.abc import Mapping

from tests.support.load import Known, State
from tests.support.raw_sql import is_sqlite, run_sql

HISTORY = """SELECT registration_id, phone_number, revision, action FROM phone_number_history
             ORDER BY sequence"""

EVENTS = "SELECT subject_id, COUNT(*) FROM outbox GROUP BY subject_id"
COUNTED = "SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM phone_number_count"


def check_whole(url: str) -> None:
    """Fail unless each change has its number, history, event, counter and stored answer.

    A registration's revisions count from 1 without gaps, the row stands at the last one unless
    that was the deletion, and there is one event for each.
    """
    rows = {
        registration_id: (phone_number, revision)
        for registration_id, phone_number, revision in run_sql(
            url, "SELECT registration_id, phone_number, revision FROM phone_number"
        )
    }
    history: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
    for registration_id, *change in run_sql(url, HISTORY):
        history[registration_id].append((change[0], change[1], change[2]))
    events: dict[str, int] = dict(run_sql(url, EVENTS))
    assert rows.keys() <= history.keys()
    assert events == {each: len(changes) for each, changes in history.items()}
    for registration_id, changes in history.items():
        assert [revision for _, revision, _ in changes] == list(range(1, len(changes) + 1))
        phone_number, revision, last = changes[-1]
        is_there = (phone_number, revision) if last != "deleted" else None
        assert rows.get(registration_id) == is_there
    assert run_sql(url, COUNTED) == [(len(rows),)]
    assert run_sql(url, "SELECT COUNT(*) FROM idempotency_key WHERE answer = ''") == [(0,)]
    if is_sqlite(url):
        assert run_sql(url, "PRAGMA integrity_check") == [("ok",)]


def check_told(url: str, numbers: Mapping[str, Known]) -> None:
    """Fail unless the database holds what the clients know: no more, no less, no other."""
    rows = run_sql(url, "SELECT phone_number, registration_id, revision FROM phone_number")
    there = {phone_number: f'"{each}.{revision}"' for phone_number, each, revision in rows}
    assert there.keys() <= numbers.keys()
    for phone_number, (state, etag) in numbers.items():
        if state is not State.UNKNOWN:
            assert there.get(phone_number) == etag, (phone_number, state)
