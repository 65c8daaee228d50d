"""What can be wrong with a request itself."""

from cordboard.edge.api.error_catalogue.row import Row
from cordboard.edge.api.refusals import (
    BodyTooLargeError,
    HeadTooLargeError,
    MalformedRequestError,
    MethodNotAllowedError,
    RouteNotFoundError,
    UnsupportedMediaTypeError,
)
from cordboard.organizations.model import (
    CredentialsMissingError,
    ScopeMissingError,
    UnauthorizedError,
)
from cordboard.runtime.errors import InvalidError


def _broken(rule: str, when: str, example: str, remedy: str) -> Row:
    return Row(InvalidError, when, example, remedy, rule=rule)


VALIDATION = (
    _broken(
        "json",
        "The body is no JSON, not UTF-8, nested too deeply, or has one key twice in an object.",
        "body: is not JSON: unexpected '}' at line 1, column 19",
        "Correct the body at the position that is named.",
    ),
    _broken(
        "type",
        "A field or parameter has another type, is null where it must not be, or is given twice.",
        "area_code: must be an integer, not a string",
        "Send the type that the description shows; integers without quotes or decimal point.",
    ),
    _broken(
        "unknown_field",
        "The request has a field or query parameter that this endpoint does not know.",
        "nick_name: is not a field of this request",
        "Look for a misspelling; leave out what the description does not list.",
    ),
    _broken(
        "required",
        "A field that must be there is missing.",
        "phone_number: is required",
        "Send it.",
    ),
    _broken(
        "phone_number",
        "It is no possible number in E.164: wrong form, length or country code, or it holds a "
        "national prefix.",
        "phone_number: must be E.164: '+', country code and number, 7 to 15 digits",
        "Write the number as it is dialled from abroad, beginning with + and the country code.",
    ),
    _broken(
        "area_code",
        "The area code is not the number's own, or was given for a number outside +1.",
        "area_code: is not the number's own; leave it out or send 415",
        "Leave it out: it is derived from the number.",
    ),
    _broken(
        "url",
        "It is no absolute https URL, holds credentials or a fragment, or leads to an address that "
        "webhooks may not reach.",
        "inbound_webhook_url: must be an absolute https URL",
        "Send a URL that is reachable from the internet, beginning with https://.",
    ),
    _broken(
        "length",
        "A text or list is too short or too long.",
        "nickname: must have 1 to 100 characters",
        "Shorten it. To have no value, send null or leave the field out.",
    ),
    _broken(
        "characters",
        "A text holds characters that it may not hold.",
        "inbound_agent_id: may only hold A-Z a-z 0-9 _ - .",
        "Take them out; NUL and lone surrogates are never taken.",
    ),
    _broken(
        "choice",
        "The value is not among those that are possible.",
        "number_provider: must be one of twilio, plivo, telnyx, sip, simulated",
        "Send one of the values that are named.",
    ),
    _broken(
        "range",
        "A number is too small or too large, or an instant has passed.",
        "limit: must be from 1 to 1000",
        "Stay within the bounds that are named.",
    ),
    _broken(
        "immutable",
        "The field cannot change, not even to its present value.",
        "phone_number: cannot be changed; leave it out",
        "Leave it out. To change a number itself, delete it and register the other one.",
    ),
    _broken(
        "idempotency_key",
        "The Idempotency-Key is empty, too long, not printable ASCII, or there twice.",
        "Idempotency-Key: must be 1 to 255 printable ASCII characters",
        "Send one random identifier, such as a UUID.",
    ),
)
CALLER = (
    Row(
        CredentialsMissingError,
        "X-API-KEY or X-API-SECRET is missing or empty.",
        "The header X-API-SECRET is missing or empty",
        "Send both halves of a key pair with every request.",
    ),
    Row(
        UnauthorizedError,
        "The key pair is unknown, its secret is wrong, or it is revoked or expired: one text for "
        "all of these.",
        "The API key or secret is invalid",
        "Check both halves; make a new pair if one of them is lost.",
    ),
    Row(
        ScopeMissingError,
        "The key pair is good, but lacks the scope that the endpoint needs.",
        "This needs a key pair with the scope 'numbers:write'",
        "Use a pair that has it; scopes of a pair never change.",
    ),
)
REQUEST = (
    Row(
        RouteNotFoundError,
        "No endpoint has this path.",
        "There is nothing at this path; the API is described at /docs",
        "Compare the path with the description; encode what you put into it.",
    ),
    Row(
        MethodNotAllowedError,
        "The path exists, with other methods; the header `Allow` names them.",
        "This path takes DELETE, GET, HEAD, PATCH",
        "Use one of the methods in `Allow`.",
    ),
    Row(
        MalformedRequestError,
        "The request is not proper HTTP, whether it could be parsed or not.",
        "This is not proper HTTP: Invalid host header",
        "Use an HTTP library, or correct what is named.",
    ),
    Row(
        HeadTooLargeError,
        "Request line and headers together have more than 64 KiB.",
        "Request line and headers may have up to 65,536 bytes together",
        "Send fewer or shorter headers.",
    ),
    Row(
        BodyTooLargeError,
        "The body has more than 1 MiB.",
        "A body may have up to 1,048,576 bytes",
        "Send less at once.",
    ),
    Row(
        UnsupportedMediaTypeError,
        "The Content-Type says that the body is something other than JSON, or the "
        "Content-Encoding that it is compressed.",
        "Send application/json, not text/plain",
        "Send `Content-Type: application/json`, or none, and the body as it is: the header "
        "`Accept` or `Accept-Encoding` of the answer says what is taken.",
    ),
)
