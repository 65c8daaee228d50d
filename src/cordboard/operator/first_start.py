"""The first start in development: an organization, a key pair, and a curl ready to paste."""

import msgspec
import structlog

from cordboard.edge.cli.profiles import Profile, ProfileFileError, keep_profile
from cordboard.organizations.model import IssuedKey, Organization, Pepper
from cordboard.organizations.operations import create_first_organization
from cordboard.runtime.db import Database
from cordboard.runtime.invocation import typed_command

log = structlog.get_logger(__name__)

NAME = "Default"
PROFILE = "local"

EXAMPLE = """\
curl --request POST \\
  --url {url}/api/phone-numbers/create \\
  --header 'Content-Type: application/json' \\
  --header 'X-API-KEY: {api_key}' \\
  --header 'X-API-SECRET: {api_secret}' \\
  --data '
{{
  "phone_number": "+14157774444",
  "area_code": 415,
  "nickname": "Customer Service Line",
  "inbound_agent_id": "agent_abc123",
  "outbound_agent_id": "agent_xyz789",
  "inbound_agent_version": 1,
  "outbound_agent_version": 1,
  "inbound_webhook_url": "https://example.com/webhook",
  "number_provider": "twilio",
  "outbound_trunk_id": "ST_4Xo2mZgQsfyQ",
  "phone_number_type": "zudu-twilio"
}}
'
"""

WELCOME = """
This is the first start, so here is an organization with a key pair. Its secret is shown this once.

  organization  {name} ({organization_id})
  X-API-KEY     {api_key}
  X-API-SECRET  {api_secret}
  {kept}

Register a number (paste this into another terminal), then list it with `{command} numbers list`:

{example}"""


class FirstPair(msgspec.Struct, frozen=True):
    """What the first start made, and in words where the pair is kept."""

    organization: Organization
    issued: IssuedKey


async def make_first_pair(db: Database, pepper: Pepper) -> FirstPair | None:
    """Create the first organization with its key pair; None when there is an organization."""
    made = await db.write(create_first_organization, NAME, pepper)
    return None if made is None else FirstPair(*made)


def welcome(first: FirstPair, url: str) -> str:
    """Keep the pair as the command line's profile, and return what to tell the person who started.

    A profile that cannot be kept is a warning: the pair is in the text too.
    """
    key, secret = first.issued.key, first.issued.api_secret
    return WELCOME.format(
        name=first.organization.name,
        organization_id=first.organization.organization_id,
        api_key=key.api_key,
        api_secret=secret,
        kept=_kept(Profile(url, key.api_key, secret)),
        command=typed_command(),
        example=EXAMPLE.format(url=url, api_key=key.api_key, api_secret=secret),
    )


def _kept(profile: Profile) -> str:
    try:
        kept = keep_profile(PROFILE, profile)
    except ProfileFileError as error:
        log.warning("profile_not_kept", profile=PROFILE, reason=str(error))
        return f"not kept as a profile of the command line: {error}"
    was = f"; the one before is '{kept.earlier}' now" if kept.earlier else ""
    return f"kept as profile '{PROFILE}' in {kept.path}{was}"
