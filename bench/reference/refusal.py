"""A refusal with its envelope."""


class RefusedError(Exception):
    """A request that is answered with an error envelope."""

    def __init__(self, status: int, message: str, code: str, detail: str) -> None:
        """Say what is answered: status, class of failure, stable code, detail."""
        super().__init__(detail)
        self.status = status
        self.message = message
        self.code = code
        self.detail = detail
