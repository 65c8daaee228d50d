"""Who is calling: from the two headers to an actor with a scope."""

from cordboard.edge.api.context import HTTPRequest, context_of
from cordboard.organizations.model import APIKey, CredentialsMissingError, ScopeMissingError
from cordboard.runtime.actor import Actor

KEY_HEADER = b"x-api-key"
SECRET_HEADER = b"x-api-secret"
BLANKS = b" \t"


def header(request: HTTPRequest, name: bytes) -> str | None:
    """Return the first value of a header (name in lower case), or None.

    White space around a value is no part of it (RFC 9110, section 5.5).
    """
    for key, value in request.scope["headers"]:
        if key == name:
            return value.strip(BLANKS).decode("latin-1")
    return None


async def authenticate(request: HTTPRequest, scope: str) -> Actor:
    """Return who is calling, if the key pair is good and has the scope.

    Raises:
        CredentialsMissingError: A header is missing or empty.
        UnauthorizedError: The pair is unknown, wrong, revoked or expired.
        ScopeMissingError: The pair lacks the scope.
    """
    return (await authenticate_key(request, scope))[0]


async def authenticate_key(request: HTTPRequest, scope: str) -> tuple[Actor, APIKey]:
    """Like :func:`authenticate`, with the key pair itself.

    Raises:
        CredentialsMissingError, UnauthorizedError, ScopeMissingError: As there.
    """
    api_key = api_secret = b""
    for name, value in request.scope["headers"]:
        if name == KEY_HEADER:
            api_key = api_key or value.strip(BLANKS)
        elif name == SECRET_HEADER:
            api_secret = api_secret or value.strip(BLANKS)
    if not api_key or not api_secret:
        missing = "X-API-SECRET" if api_key else "X-API-KEY"
        detail = f"The header {missing} is missing or empty"
        raise CredentialsMissingError(detail)
    key = await context_of(request).authenticator.authenticate(
        api_key.decode("latin-1"), api_secret.decode("latin-1")
    )
    if not key.allows(scope):
        detail = f"This needs a key pair with the scope '{scope}'"
        raise ScopeMissingError(detail)
    return Actor(key.organization_id, key.api_key, request.scope["state"]["request_id"]), key
