"""All routes, put together."""

from litestar import Litestar
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, ControllerRouterHandler

from cordboard.edge.api import (
    agent_lists,
    agent_probes,
    agent_versions,
    agents,
    api_keys,
    call_schedules,
    calls,
    docs_page,
    guards,
    health,
    livekit_drift,
    livekit_events,
    number_lists,
    numbers,
    openapi,
    phone_calls,
    route,
)
from cordboard.edge.api.context import Context
from cordboard.edge.api.errors import (
    on_client_left,
    on_domain_error,
    on_http_exception,
    on_unexpected,
)
from cordboard.edge.api.head import answering_head
from cordboard.edge.api.observe import observed
from cordboard.edge.api.options import options_of
from cordboard.edge.api.refusals import ClientLeftError
from cordboard.runtime.errors import DomainError

ROUTES: list[HTTPRouteHandler] = [
    numbers.create_number,
    number_lists.list_by_query,
    number_lists.list_by_body,
    numbers.list_available_numbers,
    numbers.get_number,
    numbers.update_number,
    numbers.delete_number,
    numbers.show_history,
    agents.create_agent,
    agent_lists.list_agents_by_query,
    agent_lists.list_agents_by_body,
    agents.get_agent,
    agents.get_full_agent,
    agents.update_agent,
    agents.delete_agent,
    agents.duplicate_agent,
    agent_probes.probe_agent,
    agent_versions.publish_agent,
    agent_versions.list_versions,
    agent_versions.get_version,
    route.explain_route,
    phone_calls.create_phone_call,
    calls.list_calls_by_query,
    calls.list_calls_by_body,
    calls.list_unmatched_calls,
    calls.get_call,
    calls.get_call_context,
    calls.update_call,
    calls.end_call,
    calls.delete_call,
    call_schedules.move_scheduled_call,
    call_schedules.cancel_scheduled_call,
    livekit_drift.show_drift,
    api_keys.create_api_key,
    api_keys.list_api_keys,
    api_keys.revoke_api_key,
    api_keys.rotate_api_key,
    guards.show_guards,
    guards.update_guards,
    guards.show_guards_history,
    health.show_health,
    health.show_readiness,
    health.show_metrics,
    openapi.show_openapi,
    docs_page.show_docs,
]


def build_app(
    context: Context, extra_routes: list[ControllerRouterHandler] | None = None
) -> ASGIApp:
    """Return the ASGI application that serves ``context``.

    Args:
        context: The parts of the running server.
        extra_routes: More handlers beside ours, for an installation that embeds the application.
    """
    app = Litestar(
        [options_of(ROUTES), *ROUTES, livekit_events.receive_event, *(extra_routes or [])],
        exception_handlers={
            DomainError: on_domain_error,
            ClientLeftError: on_client_left,
            HTTPException: on_http_exception,
            Exception: on_unexpected,
        },
        openapi_config=None,
        logging_config=None,
        state=State({"context": context}),
    )
    return answering_head(observed(app))
