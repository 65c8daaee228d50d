"""Who acts: the first argument of every write."""

import msgspec

from cordboard.runtime.ids import OrganizationId


class Actor(msgspec.Struct, frozen=True):
    """On whose behalf something is done, for history, the outbox and every query.

    Attributes:
        organization_id: The organization whose things may be seen and changed.
        api_key: The public half of the key pair that asked (``sk_…``), or None for an operator.
        request_id: The request that asked; it stands in the log, the answer and the history.
    """

    organization_id: OrganizationId
    api_key: str | None
    request_id: str
