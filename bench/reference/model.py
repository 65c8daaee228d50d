"""What the reference accepts and the rules it checks, the same as the published API's."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_LARGEST = 2_147_483_647
_LONGEST_NICKNAME = 100


def check_phone_number(value: str) -> str:
    """Check E.164 as libphonenumber writes it, of a length that the country has."""
    if _E164.fullmatch(value) is None:
        message = "must be in E.164 format"
        raise ValueError(message)
    try:
        parsed = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        message = "is not a phone number"
        raise ValueError(message) from None
    if phonenumbers.format_number(parsed, PhoneNumberFormat.E164) != value:
        message = "must be in E.164 format"
        raise ValueError(message)
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        message = "has an impossible length"
        raise ValueError(message)
    if parsed.country_code == 1 and value[2] in "01":
        message = "has an impossible area code"
        raise ValueError(message)
    return value


def pretty(phone_number: str) -> str:
    """Write a number for people: `+1 (415) 777-4444`, others in the international format."""
    if phone_number.startswith("+1"):
        return f"+1 ({phone_number[2:5]}) {phone_number[5:8]}-{phone_number[8:]}"
    parsed = phonenumbers.parse(phone_number)
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)


def _check_nickname(value: str) -> str:
    trimmed = value.strip()
    if not 1 <= len(trimmed) <= _LONGEST_NICKNAME or "\0" in trimmed:
        message = "must have 1 to 100 characters"
        raise ValueError(message)
    return trimmed


def _check_url(value: str) -> str:
    parts = urlsplit(value)
    host = parts.hostname
    if parts.scheme != "https" or not host or parts.username is not None or parts.fragment:
        message = "must be an absolute https URL without credentials and fragment"
        raise ValueError(message)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return value
    if not address.is_global:
        message = "must not name a private address"
        raise ValueError(message)
    return value


PhoneNumber = Annotated[str, AfterValidator(check_phone_number)]
Nickname = Annotated[str, AfterValidator(_check_nickname)]
AgentId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\-]{1,128}$")]
TrunkId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]{1,128}$")]
NumberType = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]{1,64}$")]
Version = Annotated[int, Field(ge=1, le=_LARGEST)]
WebhookURL = Annotated[str, Field(max_length=2048), AfterValidator(_check_url)]
Provider = Annotated[str, Field(pattern=r"^(twilio|plivo|telnyx|vonage|sip|simulated)$")]


class CreateNumber(BaseModel):
    """The body of a create; unknown fields and lax types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    phone_number: PhoneNumber
    area_code: int | None = None
    nickname: Nickname | None = None
    inbound_agent_id: AgentId | None = None
    outbound_agent_id: AgentId | None = None
    inbound_agent_version: Version | None = None
    outbound_agent_version: Version | None = None
    inbound_webhook_url: WebhookURL | None = None
    number_provider: Provider | None = None
    outbound_trunk_id: TrunkId | None = None
    phone_number_type: NumberType | None = None

    @model_validator(mode="after")
    def _check_area_code(self) -> "CreateNumber":
        own = int(self.phone_number[2:5]) if self.phone_number.startswith("+1") else None
        if self.area_code is not None and self.area_code != own:
            message = "area_code is not the number's own"
            raise ValueError(message)
        self.area_code = own
        return self
