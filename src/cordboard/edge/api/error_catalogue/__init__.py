"""Every code that an answer can carry: when, for example, and what to do about it.

The source of ``docs/errors.md`` and of the failures in ``/openapi.json``.
"""

from cordboard.edge.api.error_catalogue.livekit import LIVEKIT
from cordboard.edge.api.error_catalogue.outbound import OUTBOUND
from cordboard.edge.api.error_catalogue.outcomes import CONFLICTS, FAILURES, MISSING
from cordboard.edge.api.error_catalogue.requests import CALLER, REQUEST, VALIDATION
from cordboard.edge.api.error_catalogue.row import Row

__all__ = ["BY_CODE", "CATALOGUE", "Row"]

CATALOGUE = (
    *REQUEST,
    *CALLER,
    *VALIDATION,
    *MISSING,
    *CONFLICTS,
    *OUTBOUND,
    *FAILURES,
    *LIVEKIT,
)
BY_CODE = {row.code: row for row in CATALOGUE}
