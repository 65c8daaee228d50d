"""Settings from the environment, each with its default and where it came from.

A setting whose type is ``SecretStr`` is a secret: it is masked wherever it is shown, and may come
from a file instead, which the variable with ``_FILE`` at its end names (as container platforms hand
secrets over).
"""

import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import msgspec
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from cordboard.runtime.errors import StartError
from cordboard.runtime.telemetry.masking import masked_text

PREFIX = "CORDBOARD_"
FILE = "_FILE"

CLIENT_VARIABLES = (
    "CORDBOARD_URL",
    "CORDBOARD_API_KEY",
    "CORDBOARD_API_SECRET",
    "CORDBOARD_API_SECRET_FILE",
)
"""What the commands for users read; they may stand in the server's environment too."""

_PLAIN_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#@]*)?")
_LIVEKIT_URL = re.compile(r"(https?|wss?)://[^\s/?#@]+(/[^\s?#@]*)?")
_CREDENTIALS = re.compile(r"//.*@")

NOT_ISOLATED = (
    "this version does not keep organizations apart that do not trust each other: it does not ask "
    "who owns a number, does not hold workers' names and trunks to one organization, and gives a "
    "number that was deleted to anybody at once; set it to 'trusted', or run one installation with "
    "a LiveKit of its own for each"
)

NEAR = 0.8
"""How alike a name must be to one of ours, as ``difflib`` counts, to be taken for a misspelling."""


class Settings(BaseSettings):
    """Everything that can be set, as ``CORDBOARD_…`` variables."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", hide_input_in_errors=True
    )

    database_url: SecretStr = Field(
        default=SecretStr("sqlite:///data/cordboard.db"),
        description="Where everything is kept: `sqlite:///relative.db` (to the working directory), "
        "`sqlite:////absolute.db` or `postgresql://user:password@host/database`.",
    )
    host: str = Field(
        default="127.0.0.1",
        description="The address to listen on: `0.0.0.0` for all of IPv4, `::` for all. The server "
        "speaks plain HTTP, so put a reverse proxy with TLS before it where others can reach it.",
    )
    port: int = Field(
        default=8080,
        ge=0,
        le=65535,
        description="The TCP port to listen on; `0` takes a free one and prints it.",
    )
    mode: Literal["development", "production"] = Field(
        default="development",
        description="`production` makes nothing by itself (no organization, no secret key) and "
        "refuses a missing or weak secret key, and webhook URLs with `http` or a private address.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="The master key, 32 bytes as 64 hexadecimal digits (`openssl rand -hex 32`), "
        "from which the key for stored credentials and the pepper of API secrets are derived. The "
        "database knows a check value of it: a missing or another key is a refusal to start.",
        json_schema_extra={
            "default": "in development made once, `secret.key` beside the SQLite file (in `data/` "
            "for PostgreSQL); required in production"
        },
    )
    tenancy: Literal["trusted", "isolated"] = Field(
        default="trusted",
        description="How far the organizations of this installation trust each other. `trusted`: "
        "as teams of one company do; `docs/operating.md` says what they share. `isolated`, for "
        "organizations that do not, is not there yet: it is a refusal to start, never a promise "
        "that is not kept.",
    )
    require_registered_agents: bool = Field(
        default=False,
        description="Whether numbers may be bound to agents of their organization only, and not to "
        "names that LiveKit alone knows.",
    )
    livekit_url: str | None = Field(
        default=None,
        description="Where LiveKit's API answers, such as `https://livekit.example.com` (`wss://…` "
        "is the same). Unset: no LiveKit; numbers are registered and bound, and nothing is "
        "provisioned.",
    )
    livekit_api_key: str | None = Field(
        default=None,
        description="LiveKit's API key with the `sip.admin` grant; several, separated by commas, "
        "while keys are rotated.",
    )
    livekit_api_secret: SecretStr | None = Field(
        default=None, description="The secret of that key, or of each, in the same order."
    )
    livekit_webhook_key: str | None = Field(
        default=None,
        description="The API key that LiveKit signs its events with, if that is another one "
        "(`webhook.api_key` of its configuration); then no other key's are taken. Best one that no "
        "worker has. Several, separated by commas, while keys are rotated.",
        json_schema_extra={"default": "the keys in `CORDBOARD_LIVEKIT_API_KEY`"},
    )
    livekit_webhook_secret: SecretStr | None = Field(
        default=None,
        description="The secret of that key, or of each, in the same order.",
        json_schema_extra={"default": "the secrets in `CORDBOARD_LIVEKIT_API_SECRET`"},
    )
    livekit_sip_endpoints: str | None = Field(
        default=None,
        description="Where carriers send calls, the addresses of livekit-sip: "
        "`host[:port][;transport=udp|tcp|tls][;priority=0…65535]`, separated by commas; the lowest "
        "priority first. `cordboard doctor` and the start of the server say what to enter at the "
        "carrier.",
    )
    livekit_sip_metrics_urls: str | None = Field(
        default=None,
        description="The metrics of each livekit-sip (its `prometheus_port`), such as "
        "`http://10.0.0.5:6789/metrics`, separated by commas. Calls from an address that no trunk "
        "admits ring for ever and show nowhere else; when their count rises, the log warns and "
        "`cordboard_sip_calls_dropped_total` rises.",
    )
    livekit_topology: Literal["dedicated", "shared"] = Field(
        default="dedicated",
        description="`dedicated`: a trunk and a rule for each number on top of the catch-all, so "
        "that LiveKit routes it alone (up to about 1,000 numbers); `shared`: the catch-all alone.",
    )
    sip_source_cidrs: str | None = Field(
        default=None,
        description="Where calls come from, as CIDR separated by commas; in place of the carriers' "
        "catalogue (behind a load balancer or SBC the source is theirs).",
        json_schema_extra={"default": "the addresses of Twilio and Telnyx that this version ships"},
    )
    ringing_timeout: int = Field(
        default=20,
        ge=5,
        le=180,
        description="Seconds that a caller hears ringing before LiveKit ends the call by itself, "
        "and that a number is rung when Cordboard calls it (75 at most, there).",
    )
    max_call_duration: int = Field(
        default=60, ge=1, le=1440, description="Minutes after which LiveKit ends a call by itself."
    )
    max_scheduled_calls: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000,
        description="Calls of one organization that may wait for their time at once; one more is "
        "refused.",
    )
    agent_join_timeout: float = Field(
        default=6,
        ge=1,
        le=60,
        description="Seconds from the first request for it within which an agent must be in the "
        "room, also where LiveKit refuses that; then the next takes over, or the call ends.",
    )
    agent_audio_timeout: float = Field(
        default=10,
        ge=1,
        le=120,
        description="Seconds from the first request for it within which an agent must be heard.",
    )
    agent_gone_timeout: float = Field(
        default=3,
        ge=0.5,
        le=60,
        description="Seconds for which an answered call may be without its agent.",
    )
    public_url: str | None = Field(
        default=None,
        description="How the outside reaches this server, such as `https://cordboard.example.com`. "
        "`/openapi.json` names it as the server, and `cordboard doctor` says with it where LiveKit "
        "sends its events.",
    )
    egress_allow_cidrs: str | None = Field(
        default=None,
        description="Private networks that webhooks may reach, as CIDR separated by commas, such "
        "as `10.0.0.0/8`. Without them production mode refuses webhook URLs with an address that "
        "is not public. Loopback, link-local and metadata addresses stay refused.",
    )
    log_format: Literal["console", "json"] | None = Field(
        default=None,
        description="How the log looks: `console` for people, `json` for machines, one object per "
        "line. It goes to standard error.",
        json_schema_extra={"default": "`console` on a terminal, else `json`"},
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="The least severe events that are logged; `debug` adds a line per request.",
    )

    @field_validator("tenancy")
    @classmethod
    def _kept_tenancy(cls, value: str) -> str:
        """Return a tenancy whose walls stand."""
        if value == "isolated":
            raise ValueError(NOT_ISOLATED)
        return value

    @field_validator("public_url")
    @classmethod
    def _plain_url(cls, value: str | None) -> str | None:
        """Return a URL to which paths can be added."""
        if value is None or _PLAIN_URL.fullmatch(value):
            return value and value.rstrip("/")
        raise ValueError("must be an http or https URL without credentials, query and fragment")

    @field_validator("livekit_url")
    @classmethod
    def _livekit_url(cls, value: str | None) -> str | None:
        """Return a URL that LiveKit's API may answer at; LiveKit itself writes it as ``wss://``."""
        if value is None or _LIVEKIT_URL.fullmatch(value):
            return value
        raise ValueError(
            "must be an http, https, ws or wss URL without credentials, query and fragment"
        )

    @property
    def has_livekit(self) -> bool:
        """Whether numbers are to be provisioned at a LiveKit."""
        livekit = (
            self.livekit_url,
            self.livekit_api_key,
            self.livekit_api_secret,
            self.livekit_webhook_key,
            self.livekit_webhook_secret,
            self.livekit_sip_endpoints,
            self.livekit_sip_metrics_urls,
        )
        return any(value is not None for value in livekit)

    @property
    def is_production(self) -> bool:
        """Whether weak or missing secrets are a refusal to start."""
        return self.mode == "production"


class Configuration(msgspec.Struct, frozen=True):
    """The settings in force.

    Attributes:
        settings: Their values.
        sources: Field → ``default``, ``environment``, ``file …`` or ``command line``.
        warnings: What is odd about the environment, as sentences.
    """

    settings: Settings
    sources: dict[str, str]
    warnings: list[str]

    def shown(self) -> Iterator[tuple[str, str | None, str]]:
        """Go through variable, value and source, with secrets masked."""
        for field, source in self.sources.items():
            yield variable(field), shown_value(getattr(self.settings, field)), source


def variable(field: str) -> str:
    """Return the environment variable of a field."""
    return PREFIX + field.upper()


def is_secret(info: FieldInfo) -> bool:
    """Whether a field is masked and may come from a file."""
    return "SecretStr" in str(info.annotation)


def shown_value(value: object) -> str | None:
    """Return a value as it may be shown: of a URL everything but its password, of a key nothing."""
    if isinstance(value, SecretStr):
        text = value.get_secret_value()
        return masked_text(text) if "://" in text else "********"
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def load_settings(**options: str | int | None) -> Configuration:
    """Return the settings in force: options of the command, else environment or file, else default.

    Args:
        options: Field → value of a command's option, None where it was not given.

    Raises:
        StartError: Something is wrong; the text names every variable concerned and what to do.
    """
    environment = {name.upper(): value for name, value in os.environ.items() if value}
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    problems, warnings = _strange_names(environment)
    sources = {}
    from_files = {}
    for field, info in Settings.model_fields.items():
        name = variable(field)
        sources[field] = "environment" if name in environment else "default"
        if is_secret(info) and (file := environment.get(name + FILE)):
            sources[field] = f"file {file}"
            if name in environment:
                problems.append(f"{name} and {name}{FILE} are both set; unset one of them")
            else:
                from_files[field] = _content(name + FILE, file, problems)
        if field in given:
            sources[field] = "command line"
    if problems:
        raise StartError("\n".join(problems))
    try:
        settings = Settings(**{**from_files, **given})
    except ValidationError as error:
        raise StartError("\n".join(_explained(error, environment))) from None
    return Configuration(settings, sources, warnings)


def _content(name: str, file: str, problems: list[str]) -> str:
    """Return the secret in a file, without the white space around it."""
    try:
        content = Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        problems.append(f"{name} names {file}, which cannot be read: {reason}")
        return ""
    if not content:
        problems.append(f"{name} names {file}, which is empty")
    return content


def _strange_names(environment: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return refusals for misspelt variables, and warnings for those that are merely unknown.

    Platforms add variables of their own (Kubernetes ``CORDBOARD_SERVICE_HOST`` for a service named
    cordboard), and a newer version's settings may be set while an older one runs, so what is
    unknown is no reason to refuse. What is almost a name of ours is: the server would run on a
    default, such as another database.
    """
    fields = Settings.model_fields
    known = [variable(field) for field in fields]
    known += [variable(field) + FILE for field, info in fields.items() if is_secret(info)]
    problems, warnings = [], []
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name in known or name in CLIENT_VARIABLES:
            continue
        stem = name.removeprefix(PREFIX)
        stems = [other.removeprefix(PREFIX) for other in (*known, *CLIENT_VARIABLES)]
        near = get_close_matches(stem, stems, n=1, cutoff=0)[0]
        if get_close_matches(stem, [near], cutoff=NEAR):
            problems.append(f"{name} is not a setting; did you mean {PREFIX}{near}?")
        else:
            text = f"{name} is not a setting of this version and has no effect"
            warnings.append(f"{text} (the nearest is {PREFIX}{near})")
    return problems, warnings


def _explained(error: ValidationError, environment: Mapping[str, str]) -> Iterator[str]:
    """Say for each wrong setting which one, what it is and what it must be."""
    for problem in error.errors(include_url=False, include_context=False):
        field = str(problem["loc"][0])
        name = variable(field)
        value = environment.get(name)
        what = problem["msg"].replace("Input should be", "must be").removeprefix("Value error, ")
        is_shown = not is_secret(Settings.model_fields[field])
        shown = f"is {_CREDENTIALS.sub('//***@', value)!r}: " if is_shown and value else ""
        yield f"{name} {shown}{what}{_hint(value)}"


def _hint(value: str | None) -> str:
    if value is not None and value.startswith("tcp://"):
        return (
            " (Kubernetes sets this for a service named cordboard: use enableServiceLinks: false)"
        )
    return ""
