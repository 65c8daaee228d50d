"""The request about LiveKit, and what it answers; it needs the scope ``admin``."""

import msgspec

from cordboard.edge.client.request import Request, path_to


class Difference(msgspec.Struct, frozen=True):
    """One difference between what LiveKit has and what it should have.

    Attributes:
        kind: What is the matter, such as ``missing`` or ``dangerous``.
        registration_id: Whose trunk and rule are concerned; None for what concerns everybody.
        object_id: The trunk or rule at LiveKit, or None.
        detail: What is the matter, in words.
    """

    kind: str
    registration_id: str | None
    object_id: str | None
    detail: str


class LiveKitDrift(msgspec.Struct, frozen=True):
    """How LiveKit differs from what it should be, what needs a person first."""

    is_catch_all_standing: bool
    differences: list[Difference]


def show_drift() -> Request[LiveKitDrift]:
    """Compare LiveKit with the estate; nothing is changed."""
    return Request("GET", path_to("livekit", "drift"), LiveKitDrift)
