"""The LiveKit of the settings: from variables to a client and what works with it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec

from cordboard.calls.answering import Answering
from cordboard.calls.steps import LONGEST_RINGING_S, Deadlines
from cordboard.provisioning.probe_agent import Probing, sweep_probe_rooms
from cordboard.provisioning.reconcile import Reconciler, reconcile
from cordboard.routing import store
from cordboard.routing.carrier_addresses import load_catalogue
from cordboard.routing.livekit import APIKey, LiveKit
from cordboard.routing.topology import Estate, Layer, OpenTrunkError, canonical_cidrs
from cordboard.runtime.clock import system_clock
from cordboard.runtime.db import Database
from cordboard.runtime.errors import DomainError, StartError
from cordboard.runtime.repeating import Work
from cordboard.runtime.settings import Settings

CLUSTER = "default"
FLUSH_AT_END_S = 1


class Cluster(msgspec.Struct, frozen=True):
    """What the settings say about LiveKit."""

    url: str
    keys: tuple[APIKey, ...]
    source_cidrs: tuple[str, ...]


def configured_cluster(settings: Settings) -> Cluster:
    """Return the LiveKit of the settings.

    Raises:
        StartError: The three variables are not all set, the keys and secrets are not as many, or
            the source addresses are unusable.
    """
    url, key, secret = settings.livekit_url, settings.livekit_api_key, settings.livekit_api_secret
    if url is None or key is None or secret is None:
        message = (
            "CORDBOARD_LIVEKIT_URL, CORDBOARD_LIVEKIT_API_KEY and CORDBOARD_LIVEKIT_API_SECRET "
            "belong together; set all three or none"
        )
        raise StartError(message)
    keys = [part.strip() for part in key.split(",")]
    secrets = [part.strip() for part in secret.get_secret_value().split(",")]
    if len(keys) != len(secrets) or not all(keys) or not all(secrets):
        message = (
            "CORDBOARD_LIVEKIT_API_KEY and CORDBOARD_LIVEKIT_API_SECRET must hold as many values, "
            "in the same order, separated by commas"
        )
        raise StartError(message)
    pairs = tuple(APIKey(*pair) for pair in zip(keys, secrets, strict=True))
    return Cluster(url, pairs, _source_cidrs(settings))


def _source_cidrs(settings: Settings) -> tuple[str, ...]:
    given = settings.sip_source_cidrs
    entries = load_catalogue().cidrs() if given is None else given.split(",")
    try:
        return canonical_cidrs(entries)
    except (ValueError, OpenTrunkError) as error:
        message = (
            f"CORDBOARD_SIP_SOURCE_CIDRS: {error}; write addresses as 192.0.2.0/24, with commas"
        )
        raise StartError(message) from error


class Connected(msgspec.Struct, frozen=True):
    """What works with the LiveKit of the settings; all of it shares one client."""

    livekit: LiveKit
    reconciler: Reconciler
    answering: Answering
    probing: Probing

    @property
    def works(self) -> list[Work]:
        """What each worker repeats, beside what everybody who knows of calls does."""
        return [*reconcile(self.reconciler), sweep_probe_rooms(self.probing)]


@asynccontextmanager
async def connected(settings: Settings, db: Database) -> AsyncIterator[Connected]:
    """Connect to the LiveKit of the settings for the time of a block.

    Raises:
        StartError: The settings are wrong.
    """
    cluster = configured_cluster(settings)
    livekit = LiveKit(CLUSTER, cluster.url, cluster.keys)
    try:
        reconciler = await _reconciler(livekit, cluster, settings, db)
        answering = _answering(livekit, cluster, settings, db)
        probing = Probing(db, livekit, settings.agent_join_timeout)
        try:
            yield Connected(livekit, reconciler, answering, probing)
        finally:
            await answering.stop()
            with suppress(DomainError, TimeoutError):
                async with asyncio.timeout(FLUSH_AT_END_S):
                    await reconciler.stop()
    finally:
        await livekit.aclose()


@asynccontextmanager
async def opened_reconciler(
    cluster: Cluster, settings: Settings, db: Database
) -> AsyncIterator[Reconciler]:
    """Open a client and the reconciler of a cluster for the time of a block."""
    livekit = LiveKit(CLUSTER, cluster.url, cluster.keys)
    try:
        yield await _reconciler(livekit, cluster, settings, db)
    finally:
        await livekit.aclose()


async def _reconciler(
    livekit: LiveKit, cluster: Cluster, settings: Settings, db: Database
) -> Reconciler:
    await db.write(store.update_cluster, CLUSTER, cluster.url)
    estate = Estate(
        installation=await db.write(store.get_installation_id),
        cluster_id=CLUSTER,
        layer=Layer(settings.livekit_topology),
        source_cidrs=cluster.source_cidrs,
        ringing_timeout_s=settings.ringing_timeout,
        max_call_duration_s=settings.max_call_duration * 60,
    )
    return Reconciler(db, livekit, estate)


def _answering(livekit: LiveKit, cluster: Cluster, settings: Settings, db: Database) -> Answering:
    deadlines = Deadlines(
        joined_ms=round(settings.agent_join_timeout * 1000),
        audio_ms=round(settings.agent_audio_timeout * 1000),
        gone_ms=round(settings.agent_gone_timeout * 1000),
        ringing_s=min(settings.ringing_timeout, LONGEST_RINGING_S),
        longest_s=settings.max_call_duration * 60,
    )
    secrets = {key.api_key: key.api_secret for key in cluster.keys}
    return Answering(db, livekit, system_clock, deadlines, secrets)
