"""What the call plane and the reconciler know: numbers with their workers, and their LiveKit side.

Both work for the whole installation, so these queries name no organization; every row they return
carries its own, and nothing of it is shown to a customer.
"""

from cordboard.routing.store.clusters import (
    OwnRule,
    find_own_rule,
    get_installation_id,
    update_catch_all,
    update_cluster,
)
from cordboard.routing.store.numbers import (
    find_aliased_number,
    find_facts,
    find_routable_numbers,
    list_bound_agents,
    list_static_numbers,
)
from cordboard.routing.store.states import (
    CATCH_ALL_STATE,
    EVERYBODY,
    NumberState,
    delete_states,
    find_standing,
    find_state,
    get_pair_count,
    insert_pending_states,
    list_states,
    update_states,
)

__all__ = [
    "CATCH_ALL_STATE",
    "EVERYBODY",
    "NumberState",
    "OwnRule",
    "delete_states",
    "find_aliased_number",
    "find_facts",
    "find_own_rule",
    "find_routable_numbers",
    "find_standing",
    "find_state",
    "get_installation_id",
    "get_pair_count",
    "insert_pending_states",
    "list_bound_agents",
    "list_states",
    "list_static_numbers",
    "update_catch_all",
    "update_cluster",
    "update_states",
]
