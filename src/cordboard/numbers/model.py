"""A phone number and the rules it obeys: no I/O.

Field rules and defaults follow the published page of ``POST /api/phone-numbers/create``; where it
is silent, ``docs/errors.md`` names what is refused.
"""

import re
from typing import Any

import msgspec

from cordboard.agents.model import AGENT_ID, RESERVED_WORKER
from cordboard.numbers.aliases import checked_aliases
from cordboard.numbers.e164 import E164, area_code, checked_e164, pretty
from cordboard.runtime.errors import DomainError, InvalidError, Kind
from cordboard.runtime.ids import OrganizationId, RegistrationId
from cordboard.webhooks.addresses import Network
from cordboard.webhooks.urls import checked_webhook_url

TOKEN = re.compile(r"[A-Za-z0-9_\-]+")
CARRIERS = ("twilio", "plivo", "telnyx", "sip", "simulated")
DEFAULT_CARRIER = "twilio"
DEFAULT_TYPE = "custom"
LONGEST_NICKNAME = 100
LARGEST_INTEGER = 2_147_483_647


class NumberNotFoundError(DomainError):
    """The organization has no such number; it may be another organization's."""

    kind = Kind.NOT_FOUND
    code = "phone_number.not_found"
    message = "Phone number not found"

    def __init__(self, organization_id: OrganizationId, phone_number: str) -> None:
        """Name both."""
        super().__init__(
            f"Phone number with ID '{phone_number}' does not exist "
            f"in organization '{organization_id}'"
        )


class NumberExistsError(DomainError):
    """The number is registered already, here or in an organization that is not named."""

    kind = Kind.CONFLICT
    code = "phone_number.exists"
    message = "Phone number already exists"

    def __init__(self, phone_number: str) -> None:
        """Name the number, not its owner."""
        super().__init__(f"Phone number with ID '{phone_number}' is already registered")


class RevisionMismatchError(DomainError):
    """The number is not in the revision that ``If-Match`` names."""

    kind = Kind.PRECONDITION
    code = "etag.mismatch"
    message = "Precondition failed"


class Number(msgspec.Struct, frozen=True):
    """A registered number. Fields up to ``outbound_trunk_id`` are the published ones.

    Attributes:
        registration_id: One for each time the number is registered (``num_…``).
        revision: Counts changes from 1; with the registration it makes the entity tag.
        created_ms, updated_ms: Epoch milliseconds; ``updated_ms`` never goes backwards.
        fallback_agent_id: Who answers when the inbound agent fails; never without that one.
        aliases: What carriers dial for it that is no number, as ``aliases.py`` writes it.
    """

    phone_number: E164
    organization_id: OrganizationId
    registration_id: RegistrationId
    revision: int
    phone_number_pretty: str
    area_code: int | None
    nickname: str | None
    phone_number_type: str
    inbound_agent_id: str | None
    outbound_agent_id: str | None
    inbound_agent_version: int
    outbound_agent_version: int
    inbound_webhook_url: str | None
    number_provider: str
    outbound_trunk_id: str | None
    created_ms: int
    updated_ms: int
    fallback_agent_id: str | None = None
    fallback_agent_version: int = 1
    aliases: tuple[str, ...] = ()

    @property
    def extensions(self) -> dict[str, Any]:
        """Those of Cordboard's own fields that are set; a fallback agent comes with its version."""
        fields: dict[str, Any] = {}
        if self.fallback_agent_id is not None or self.fallback_agent_version != 1:
            fields["fallback_agent_id"] = self.fallback_agent_id
            fields["fallback_agent_version"] = self.fallback_agent_version
        if self.aliases:
            fields["aliases"] = self.aliases
        return fields

    @property
    def etag(self) -> str:
        """The strong entity tag (RFC 9110, section 8.8.3), quotes included."""
        return f'"{self.registration_id}.{self.revision}"'

    def changed(self, changes: dict[str, Any], now_ms: int) -> "Number":
        """Return the next revision with some fields replaced."""
        return msgspec.structs.replace(
            self,
            revision=self.revision + 1,
            updated_ms=max(now_ms, self.updated_ms),
            **changes,
        )

    def differences(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Return those of ``changes`` whose value is not the present one."""
        return {field: to for field, to in changes.items() if getattr(self, field) != to}


class NumberRules(msgspec.Struct, frozen=True):
    """The rules that the installation's settings decide.

    Attributes:
        is_production: Webhooks must be https, and forbidden addresses are refused at once.
        requires_registered_agents: Names that only LiveKit knows are refused.
        allowed_networks: Private networks to which webhooks may lead all the same.
    """

    is_production: bool = False
    requires_registered_agents: bool = False
    allowed_networks: tuple[Network, ...] = ()


class NewNumber(msgspec.Struct, frozen=True):
    """A checked request to register a number."""

    phone_number: E164
    nickname: str | None
    phone_number_type: str
    inbound_agent_id: str | None
    outbound_agent_id: str | None
    inbound_agent_version: int
    outbound_agent_version: int
    inbound_webhook_url: str | None
    number_provider: str
    outbound_trunk_id: str | None
    fallback_agent_id: str | None = None
    fallback_agent_version: int = 1
    aliases: tuple[str, ...] = ()

    def registered(
        self, organization_id: OrganizationId, registration_id: RegistrationId, now_ms: int
    ) -> Number:
        """Return the number as it stands once registered."""
        return Number(
            organization_id=organization_id,
            registration_id=registration_id,
            revision=1,
            phone_number_pretty=pretty(self.phone_number),
            area_code=area_code(self.phone_number),
            created_ms=now_ms,
            updated_ms=now_ms,
            **msgspec.structs.asdict(self),
        )


DEFAULTS: dict[str, Any] = {
    "nickname": None,
    "phone_number_type": DEFAULT_TYPE,
    "inbound_agent_id": None,
    "outbound_agent_id": None,
    "inbound_agent_version": 1,
    "outbound_agent_version": 1,
    "inbound_webhook_url": None,
    "number_provider": DEFAULT_CARRIER,
    "outbound_trunk_id": None,
    "fallback_agent_id": None,
    "fallback_agent_version": 1,
    "aliases": (),
}
CLEARABLE = frozenset(field for field, default in DEFAULTS.items() if default in {None, ()})
IMMUTABLE = frozenset({"phone_number", "area_code", "phone_number_type"})


def checked_registration(given: dict[str, Any], rules: NumberRules) -> NewNumber:
    """Return the registration that a client's fields ask for, defaults filled in.

    Args:
        given: Field → value of the right type; null values are left out.
        rules: What the settings decide.

    Raises:
        InvalidError: A field breaks its rule.
    """
    phone_number = checked_e164(given["phone_number"])
    _check_area_code(given.get("area_code"), phone_number)
    values = {
        field: _checked(field, given[field], rules) if field in given else default
        for field, default in DEFAULTS.items()
    }
    return NewNumber(phone_number=phone_number, **values)


def checked_changes(given: dict[str, Any], rules: NumberRules) -> dict[str, Any]:
    """Return what a client's fields change, checked; ``label`` is another name of ``nickname``.

    Args:
        given: Field → value of the right type; null clears what can be empty.
        rules: What the settings decide.

    Raises:
        InvalidError: A field breaks its rule or cannot change.
    """
    changes: dict[str, Any] = {}
    for field, value in given.items():
        if field in IMMUTABLE:
            raise InvalidError(field, "immutable", "cannot be changed; leave it out")
        target = "nickname" if field == "label" else field
        if value is None and target not in CLEARABLE:
            raise InvalidError(field, "type", "must not be null; leave it out to keep it")
        checked = DEFAULTS[target] if value is None else _checked(target, value, rules, field)
        if changes.get(target, checked) != checked:
            raise InvalidError("label", "choice", "must equal nickname, whose other name it is")
        changes[target] = checked
    return changes


def _checked(field: str, value: Any, rules: NumberRules, name: str | None = None) -> Any:  # noqa: ANN401 - ``field`` says which type
    """Return one field's value, checked; errors call it ``name``."""
    name = name or field
    match field:
        case "nickname":
            return checked_nickname(value, name)
        case "inbound_agent_id" | "outbound_agent_id" | "fallback_agent_id":
            return check_agent_id(value, name)
        case "inbound_agent_version" | "outbound_agent_version" | "fallback_agent_version":
            return check_version(value, name)
        case "inbound_webhook_url":
            return checked_webhook_url(
                value,
                name,
                is_production=rules.is_production,
                allowed=rules.allowed_networks,
            )
        case "aliases":
            return checked_aliases(value, name)
        case "number_provider":
            return check_carrier(value, name)
        case "outbound_trunk_id":
            return check_token(value, name, TOKEN, 128)
        case _:
            return check_token(value, name, TOKEN, 64)


def check_agent_id(value: str, field: str) -> str:
    """Return ``value``, the id of an agent or the name of a worker, unless no worker may have it.

    Raises:
        InvalidError: ``validation.length``, ``validation.characters`` or ``validation.choice``.
    """
    if value == RESERVED_WORKER:
        raise InvalidError(field, "choice", f"{RESERVED_WORKER} is reserved; name another")
    return check_token(value, field, AGENT_ID, 128)


def _check_area_code(given: int | None, phone_number: E164) -> None:
    """Hold a given area code against the number's own."""
    own = area_code(phone_number)
    if given is None or given == own:
        return
    if own is None:
        raise InvalidError("area_code", "area_code", "only +1 numbers have one; leave it out")
    reason = f"is not the number's own; leave it out or send {own}"
    raise InvalidError("area_code", "area_code", reason)


def check_carrier(value: str, field: str) -> str:
    """Return ``value``, the name of a carrier we know.

    Raises:
        InvalidError: ``validation.choice``.
    """
    if value not in CARRIERS:
        raise InvalidError(field, "choice", f"must be one of {', '.join(CARRIERS)}")
    return value


def check_version(value: int, field: str) -> int:
    """Return ``value``, an agent's version: 1 or more.

    Raises:
        InvalidError: ``validation.range``.
    """
    if not 1 <= value <= LARGEST_INTEGER:
        raise InvalidError(field, "range", f"must be from 1 to {LARGEST_INTEGER}")
    return value


def check_token(value: str, field: str, pattern: re.Pattern[str], longest: int) -> str:
    """Return ``value``, an identifier of limited length and alphabet.

    Raises:
        InvalidError: ``validation.length`` or ``validation.characters``.
    """
    if not 1 <= len(value) <= longest:
        raise InvalidError(field, "length", f"must have 1 to {longest} characters")
    if not pattern.fullmatch(value):
        dot = "." if pattern is AGENT_ID else ""
        raise InvalidError(field, "characters", f"may only hold A-Z a-z 0-9 _ - {dot}".rstrip())
    return value


def checked_nickname(text: str, field: str = "nickname") -> str:
    """Return a trimmed name of 1–100 characters.

    Raises:
        InvalidError: ``validation.length`` or ``validation.characters``.
    """
    if "\0" in text:
        raise InvalidError(field, "characters", "must not hold the NUL character")
    trimmed = text.strip()
    if not 1 <= len(trimmed) <= LONGEST_NICKNAME:
        raise InvalidError(field, "length", f"must have 1 to {LONGEST_NICKNAME} characters")
    return trimmed
