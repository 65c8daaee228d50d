"""How LiveKit differs from what it should be, on the wire."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from cordboard.edge.api.schema_rules import choices
from cordboard.routing.drift import Drift, DriftKind
from cordboard.routing.topology import CATCH_ALL
from cordboard.runtime.ids import OrganizationId


class DriftShape(msgspec.Struct, frozen=True):
    """One difference."""

    kind: Annotated[
        str,
        Meta(
            description="What is the matter.",
            examples=["missing"],
            extra_json_schema=choices(*DriftKind),
        ),
    ]
    registration_id: Annotated[
        str | None,
        Meta(
            description="The registration whose trunk and rule are concerned; null for what "
            "concerns everybody.",
            examples=["num_acf824659ba8e3e21b0365bf"],
        ),
    ]
    object_id: Annotated[
        str | None,
        Meta(description="The trunk or rule at LiveKit, or null.", examples=["ST_4Xo2mZgQsfyQ"]),
    ]
    detail: Annotated[
        str,
        Meta(
            description="What is the matter, in words.",
            examples=["the rule of num_acf824659ba8e3e21b0365bf is missing"],
        ),
    ]


class LiveKitDrift(msgspec.Struct, frozen=True):
    """How LiveKit differs from what it should be."""

    is_catch_all_standing: Annotated[
        bool,
        Meta(
            description="Whether every number rings: without the catch-all, only those that have a "
            "trunk and rule of their own.",
            examples=[True],
        ),
    ]
    differences: Annotated[
        list[DriftShape], Meta(description="Each difference, what needs a person first.")
    ]


def livekit_drift(organization_id: OrganizationId, found: Iterable[Drift]) -> LiveKitDrift:
    """Return what an organization is shown: its own numbers, and what concerns everybody."""
    shown = [
        each for each in found if each.concerns_everybody or each.organization_id == organization_id
    ]
    is_broken = any(each.tag == CATCH_ALL and each.kind is not DriftKind.SURPLUS for each in shown)
    return LiveKitDrift(
        is_catch_all_standing=not is_broken,
        differences=[
            DriftShape(
                each.kind,
                None if each.concerns_everybody else each.tag,
                each.object_id,
                each.detail,
            )
            for each in shown
        ],
    )
