"""Fields of a phone number on the wire, each with what a caller must know of it.

``extra_json_schema`` shows clients what the rules of ``numbers/model.py`` enforce; msgspec does not
enforce it, so that each rule keeps its own error code.
"""

from typing import Annotated, Any

from msgspec import Meta

from cordboard.agents.model import AGENT_ID, RESERVED_WORKER
from cordboard.edge.api.schema_rules import INTEGER, NOT_TAKEN, choices, default, text, whole
from cordboard.numbers.aliases import ALIAS, LONGEST_ALIAS, MOST_ALIASES
from cordboard.numbers.model import (
    CARRIERS,
    DEFAULT_CARRIER,
    DEFAULT_TYPE,
    LONGEST_NICKNAME,
    TOKEN,
)
from cordboard.webhooks.urls import LONGEST_URL

PhoneNumber = Annotated[
    str,
    Meta(
        description="E.164; the number is its own id.",
        examples=["+14157774444"],
        extra_json_schema={"format": "e164", "pattern": r"^\+[1-9][0-9]{6,14}$"},
    ),
]
Pretty = Annotated[str, Meta(description="The number for people.", examples=["+1 (415) 777-4444"])]
AreaCode = Annotated[
    int | None,
    Meta(
        description="Three digits, of +1 numbers only; derived when left out.",
        examples=[415],
        extra_json_schema=whole(200, 999),
    ),
]
Nickname = Annotated[
    str | None,
    Meta(
        description=f"1–{LONGEST_NICKNAME} characters, trimmed.",
        examples=["Customer Service Line"],
        extra_json_schema=text(1, LONGEST_NICKNAME, r"[^\x00]*\S[^\x00]*"),
    ),
]
Label = Annotated[
    str | None,
    Meta(
        description="Another name for nickname; both, unequal, are refused.",
        examples=["Customer Service Line"],
        extra_json_schema=text(1, LONGEST_NICKNAME, r"[^\x00]*\S[^\x00]*"),
    ),
]
AgentId = Annotated[
    str | None,
    Meta(
        description="An agent of the organization, or a name that only LiveKit knows: "
        "1–128 of A-Z a-z 0-9 _ - .",
        examples=["agent_abc123"],
        extra_json_schema=text(1, 128, AGENT_ID.pattern) | {"not": {"const": RESERVED_WORKER}},
    ),
]
AgentVersion = Annotated[
    int | None,
    Meta(
        description="The version of that agent; 1 when left out.",
        examples=[1],
        extra_json_schema=whole(1) | default(1),
    ),
]
FallbackAgentId = Annotated[
    str | None,
    Meta(
        description="Who answers when the inbound agent fails: an agent as inbound_agent_id names "
        "one. Without an inbound agent it has no effect.",
        examples=["agent_night"],
        extra_json_schema=text(1, 128, AGENT_ID.pattern) | {"not": {"const": RESERVED_WORKER}},
    ),
]
Alias = Annotated[str, Meta(extra_json_schema=text(1, LONGEST_ALIAS, ALIAS.pattern))]
Aliases = Annotated[
    list[Alias] | None,
    Meta(
        description="What a carrier puts into the To header for this number when that is no "
        "number in any form: a trunk's name, an extension, a short code. Each leads to one number "
        "of the installation; what can be read as a number is refused. They replace those before.",
        examples=[["support"]],
        extra_json_schema={"maxItems": MOST_ALIASES, "uniqueItems": True},
    ),
]
StoredAliases = Annotated[
    tuple[str, ...],
    Meta(description="What leads to it besides the number itself.", examples=[["support"]]),
]
WebhookURL = Annotated[
    str | None,
    Meta(
        description=f"Absolute https URL, up to {LONGEST_URL:,} characters, no credentials, no "
        "fragment; http in development only.",
        examples=["https://example.com/webhook"],
        extra_json_schema=text(1, LONGEST_URL) | {"format": "url", "pattern": "^https?://"},
    ),
]
Provider = Annotated[
    str | None,
    Meta(
        description=f"The carrier; {DEFAULT_CARRIER} when left out.",
        examples=["twilio"],
        extra_json_schema=choices(*CARRIERS, None) | default(DEFAULT_CARRIER),
    ),
]
TrunkId = Annotated[
    str | None,
    Meta(
        description="LiveKit's outbound trunk: 1–128 of A-Z a-z 0-9 _ -",
        examples=["ST_4Xo2mZgQsfyQ"],
        extra_json_schema=text(1, 128, TOKEN.pattern),
    ),
]
NumberType = Annotated[
    str | None,
    Meta(
        description=f"1–64 of A-Z a-z 0-9 _ -; {DEFAULT_TYPE} when left out.",
        examples=["zudu-twilio"],
        extra_json_schema=text(1, 64, TOKEN.pattern) | default(DEFAULT_TYPE),
    ),
]
KeptVersion = Annotated[
    int | None,
    Meta(
        description="The version of that agent; not null.",
        examples=[2],
        extra_json_schema=whole(1) | INTEGER,
    ),
]
KeptProvider = Annotated[
    str | None,
    Meta(
        description="The carrier; not null.",
        examples=["twilio"],
        extra_json_schema=choices(*CARRIERS),
    ),
]
Immutable = Annotated[
    Any, Meta(description="Cannot be changed: refused.", extra_json_schema=NOT_TAKEN)
]
StoredType = Annotated[
    str, Meta(description="The type, as it was given.", examples=["zudu-twilio"])
]
StoredVersion = Annotated[
    int,
    Meta(
        description="The version of that agent, 1 also without an agent.",
        examples=[1],
        extra_json_schema=whole(1),
    ),
]
StoredProvider = Annotated[
    str,
    Meta(description="The carrier.", examples=["twilio"], extra_json_schema=choices(*CARRIERS)),
]
RegistrationId = Annotated[
    str,
    Meta(description="One for each time the number is registered.", examples=["num_0f3a"]),
]
RevisionCount = Annotated[
    int, Meta(description="Counts changes from 1.", examples=[1], extra_json_schema=whole(1))
]
Nobody = Annotated[None, Meta(description="No agent: that is what available means.")]
Millisecond = Annotated[
    int, Meta(description="updated_at in epoch milliseconds.", examples=[1705314600123])
]
