"""The LiveKit of the settings: from variables to a client and the reconciler that keeps it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from cordboard.calls.answering import Answering
from cordboard.calls.steps import Deadlines
from cordboard.provisioning.reconcile import Reconciler
from cordboard.routing import store
from cordboard.routing.carrier_addresses import load_catalogue
from cordboard.routing.livekit import APIKey, LiveKit
from cordboard.routing.topology import Estate, Layer, OpenTrunkError, canonical_cidrs
from cordboard.runtime.clock import system_clock
from cordboard.runtime.db import Database
from cordboard.runtime.errors import StartError
from cordboard.runtime.settings import Settings

CLUSTER = "default"


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


@asynccontextmanager
async def opened_reconciler(
    cluster: Cluster, settings: Settings, db: Database
) -> AsyncIterator[Reconciler]:
    """Open a client and the reconciler of a cluster for the time of a block."""
    await db.write(store.update_cluster, CLUSTER, cluster.url)
    estate = Estate(
        installation=await db.write(store.get_installation_id),
        cluster_id=CLUSTER,
        layer=Layer(settings.livekit_topology),
        source_cidrs=cluster.source_cidrs,
        ringing_timeout_s=settings.ringing_timeout,
        max_call_duration_s=settings.max_call_duration * 60,
    )
    livekit = LiveKit(CLUSTER, cluster.url, cluster.keys)
    try:
        yield Reconciler(db, livekit, estate)
    finally:
        await livekit.aclose()


@asynccontextmanager
async def opened_answering(
    cluster: Cluster, settings: Settings, db: Database
) -> AsyncIterator[Answering]:
    """Open a client, and what answers a cluster's calls, for the time of a block."""
    deadlines = Deadlines(
        joined_ms=round(settings.agent_join_timeout * 1000),
        audio_ms=round(settings.agent_audio_timeout * 1000),
        gone_ms=round(settings.agent_gone_timeout * 1000),
    )
    livekit = LiveKit(CLUSTER, cluster.url, cluster.keys)
    secrets = {key.api_key: key.api_secret for key in cluster.keys}
    answering = Answering(db, livekit, system_clock, deadlines, secrets)
    try:
        yield answering
    finally:
        await answering.stop()
        await livekit.aclose()
