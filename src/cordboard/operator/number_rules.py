"""The rules for numbers that the settings decide."""

from cordboard.numbers.model import NumberRules
from cordboard.runtime.errors import StartError
from cordboard.runtime.settings import Settings
from cordboard.webhooks.addresses import Network, parsed_networks


def number_rules(settings: Settings) -> NumberRules:
    """Return the rules of the settings.

    Raises:
        StartError: A network that webhooks may reach is none, or may never be allowed.
    """
    return NumberRules(
        is_production=settings.is_production,
        requires_registered_agents=settings.require_registered_agents,
        allowed_networks=_networks(settings.egress_allow_cidrs),
    )


def _networks(text: str | None) -> tuple[Network, ...]:
    if text is None:
        return ()
    try:
        return parsed_networks(text)
    except ValueError as error:
        message = (
            f"CORDBOARD_EGRESS_ALLOW_CIDRS: {error}; write networks as 10.0.0.0/8, with commas"
        )
        raise StartError(message) from error
