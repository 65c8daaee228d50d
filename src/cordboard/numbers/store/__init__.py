"""Phone numbers in the database: the rows, pages of them, and their history."""

from cordboard.numbers.store.aliases import delete_alias, insert_alias
from cordboard.numbers.store.history import NumberRevision, list_history
from cordboard.numbers.store.listing import (
    DIRECTIONS,
    SORTS,
    NumberFilter,
    NumberPage,
    NumberQuery,
    list_available_numbers,
    list_numbers,
)
from cordboard.numbers.store.records import (
    delete_number,
    get_number,
    get_number_for_update,
    insert_history,
    insert_number,
    update_count,
    update_number,
)
from cordboard.numbers.store.unbinding import (
    claim_bound_numbers,
    count_bound_numbers,
    insert_unbinding_events,
    insert_unbinding_history,
    update_unbound,
)

__all__ = [
    "DIRECTIONS",
    "SORTS",
    "NumberFilter",
    "NumberPage",
    "NumberQuery",
    "NumberRevision",
    "claim_bound_numbers",
    "count_bound_numbers",
    "delete_alias",
    "delete_number",
    "get_number",
    "get_number_for_update",
    "insert_alias",
    "insert_history",
    "insert_number",
    "insert_unbinding_events",
    "insert_unbinding_history",
    "list_available_numbers",
    "list_history",
    "list_numbers",
    "update_count",
    "update_number",
    "update_unbound",
]
