"""What the routes of ``/api/organizations/{organization_id}/api-keys`` say about themselves."""

from cordboard.edge.api.documented import Operation
from cordboard.edge.api.key_shapes import (
    APIKeyItem,
    APIKeyList,
    CreateAPIKey,
    IssuedAPIKey,
    RotateAPIKey,
    RotatedAPIKey,
)
from cordboard.edge.api.number_docs import BODY_CODES, WRITE_CODES
from cordboard.organizations.model import ADMIN

TAG = "API keys"

CREATE = Operation(
    summary="Make a key pair",
    description="The secret is shown this once, so the answer is never stored and an "
    "Idempotency-Key is refused. An empty body stands for {}.",
    scope=ADMIN,
    tag=TAG,
    message="API key generated successfully",
    data=IssuedAPIKey,
    body=CreateAPIKey,
    is_body_optional=True,
    codes=(
        "validation.json",
        "validation.type",
        "validation.unknown_field",
        "validation.length",
        "validation.characters",
        "validation.choice",
        "validation.range",
        "idempotency.unsupported",
        *BODY_CODES,
        "organization.not_found",
        *WRITE_CODES,
    ),
    example={
        "name": "CRM sync",
        "scopes": ["numbers:read", "numbers:write"],
        "expires_at": "2030-01-31T12:00:00Z",
    },
)
LIST = Operation(
    summary="List key pairs",
    description="Never their secrets.",
    scope=ADMIN,
    tag=TAG,
    message="API keys retrieved successfully",
    data=APIKeyList,
    codes=("validation.unknown_field", "organization.not_found"),
)
REVOKE = Operation(
    summary="Revoke a key pair",
    description="It stops working within a second, everywhere and for good. A key pair may revoke "
    "itself. Asking twice is safe.",
    scope=ADMIN,
    tag=TAG,
    message="API key revoked successfully",
    data=APIKeyItem,
    codes=(
        "validation.unknown_field",
        "organization.not_found",
        "api_key.not_found",
        *WRITE_CODES,
    ),
)
ROTATE = Operation(
    summary="Give a key pair a new secret",
    description="The present secret goes on working for grace_seconds; one before that ends at "
    "once. The answer is never stored, so an Idempotency-Key is refused. An empty body stands "
    "for {}.",
    scope=ADMIN,
    tag=TAG,
    message="API key rotated successfully",
    data=RotatedAPIKey,
    body=RotateAPIKey,
    is_body_optional=True,
    codes=(
        "validation.json",
        "validation.type",
        "validation.unknown_field",
        "validation.range",
        "idempotency.unsupported",
        *BODY_CODES,
        "organization.not_found",
        "api_key.not_found",
        "api_key.ended",
        *WRITE_CODES,
    ),
    example={"grace_seconds": 3600},
)
