"""Refusals as Twirp writes them (https://twitchtv.github.io/twirp/docs/spec_v7.html)."""

HTTP_STATUS = {
    "invalid_argument": 400,
    "malformed": 400,
    "unauthenticated": 401,
    "permission_denied": 403,
    "not_found": 404,
    "bad_route": 404,
    "deadline_exceeded": 408,
    "canceled": 408,
    "already_exists": 409,
    "failed_precondition": 412,
    "resource_exhausted": 429,
    "internal": 500,
    "unknown": 500,
    "unavailable": 503,
}


class TwirpError(Exception):
    """A request is refused, or failed inside."""

    def __init__(self, code: str, message: str, meta: dict[str, str] | None = None) -> None:
        """Say it in Twirp's words; ``code`` decides the HTTP status."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.meta = meta or {}

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return HTTP_STATUS.get(self.code, 500)
