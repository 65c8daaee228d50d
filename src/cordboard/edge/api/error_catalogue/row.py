"""What the error catalogue says of one code."""

import msgspec

from cordboard.edge.api.envelope import Failure
from cordboard.edge.api.errors import status_of
from cordboard.runtime.errors import DomainError

NO = "No: the same request is refused again."
WAIT = "Yes, after the seconds in `Retry-After`: nothing was done."
LATER = "Yes, once the cause is gone: nothing was done."


class Row(msgspec.Struct, frozen=True):
    """One code.

    Attributes:
        error: The class that is raised.
        when: What is the matter.
        example: The ``error`` of one occurrence.
        remedy: What to do.
        retry: Whether asking again helps.
        rule: The part of the code after ``validation.``.
    """

    error: type[DomainError]
    when: str
    example: str
    remedy: str
    retry: str = NO
    rule: str = ""

    @property
    def code(self) -> str:
        """The stable code."""
        return f"validation.{self.rule}" if self.rule else self.error.code

    @property
    def status(self) -> int:
        """The HTTP status."""
        return status_of(self.error)

    @property
    def failure(self) -> Failure:
        """An example of the answer."""
        return Failure(
            message=self.error.message,
            status="error",
            error=self.example,
            code=self.code,
            request_id="req_5716e54aee571ba400000001",
        )
