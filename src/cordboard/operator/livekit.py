"""The LiveKit of the settings: from variables to a client and what works with it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime
from typing import TypeVar

import msgspec
import structlog
from pydantic import SecretStr

from cordboard.calls.answering import Answering
from cordboard.calls.steps import LONGEST_RINGING_S, Deadlines
from cordboard.calls.watch import note_watch
from cordboard.provisioning.probe_agent import Probing, sweep_probe_rooms
from cordboard.provisioning.reconcile import Reconciler, reconcile
from cordboard.routing import store
from cordboard.routing.carrier_addresses import OLD_AFTER_DAYS, load_catalogue
from cordboard.routing.livekit import APIKey, LiveKit
from cordboard.routing.sip_endpoints import SIPEndpoint, parsed_endpoints
from cordboard.routing.sip_metrics import DroppedCallsWatch, parsed_metrics_urls
from cordboard.routing.topology import Estate, Layer, OpenTrunkError, canonical_cidrs
from cordboard.runtime.clock import system_clock
from cordboard.runtime.db import Database
from cordboard.runtime.errors import DomainError, StartError
from cordboard.runtime.repeating import Work
from cordboard.runtime.settings import Settings

log = structlog.get_logger(__name__)

T = TypeVar("T")

CLUSTER = "default"
FLUSH_AT_END_S = 1
STANDS_WITHIN_S = 2


class Cluster(msgspec.Struct, frozen=True):
    """What the settings say about LiveKit.

    Attributes:
        keys: For asking it; tried in turn.
        event_keys: Those that may sign its events.
        source_cidrs: Where carriers call from.
        sip_endpoints: Where carriers call to, as far as that is told.
        sip_metrics_urls: The metrics of its livekit-sip.
    """

    url: str
    keys: tuple[APIKey, ...]
    event_keys: tuple[APIKey, ...]
    source_cidrs: tuple[str, ...]
    sip_endpoints: tuple[SIPEndpoint, ...]
    sip_metrics_urls: tuple[str, ...]


def configured_cluster(settings: Settings) -> Cluster:
    """Return the LiveKit of the settings.

    Raises:
        StartError: The three variables are not all set, keys and secrets are not as many, or one
            of the lists of addresses is unusable.
    """
    url, key, secret = settings.livekit_url, settings.livekit_api_key, settings.livekit_api_secret
    if url is None or key is None or secret is None:
        message = (
            "CORDBOARD_LIVEKIT_URL, CORDBOARD_LIVEKIT_API_KEY and CORDBOARD_LIVEKIT_API_SECRET "
            "belong together; set all three or none"
        )
        raise StartError(message)
    keys = _pairs(key, secret, "CORDBOARD_LIVEKIT_API")
    return Cluster(
        url=url,
        keys=keys,
        event_keys=_event_keys(settings) or keys,
        source_cidrs=_source_cidrs(settings),
        sip_endpoints=_listed(
            settings.livekit_sip_endpoints, "CORDBOARD_LIVEKIT_SIP_ENDPOINTS", parsed_endpoints
        ),
        sip_metrics_urls=_listed(
            settings.livekit_sip_metrics_urls,
            "CORDBOARD_LIVEKIT_SIP_METRICS_URLS",
            parsed_metrics_urls,
        ),
    )


def _event_keys(settings: Settings) -> tuple[APIKey, ...]:
    """Return the pairs that are for events alone; none where the others sign them too."""
    key, secret = settings.livekit_webhook_key, settings.livekit_webhook_secret
    if key is None and secret is None:
        return ()
    if key is None or secret is None:
        message = (
            "CORDBOARD_LIVEKIT_WEBHOOK_KEY and CORDBOARD_LIVEKIT_WEBHOOK_SECRET belong together; "
            "set both or none"
        )
        raise StartError(message)
    return _pairs(key, secret, "CORDBOARD_LIVEKIT_WEBHOOK")


def _pairs(key: str, secret: SecretStr, prefix: str) -> tuple[APIKey, ...]:
    """Return the pairs of two lists."""
    keys = [part.strip() for part in key.split(",")]
    secrets = [part.strip() for part in secret.get_secret_value().split(",")]
    if len(keys) != len(secrets) or not all(keys) or not all(secrets):
        message = (
            f"{prefix}_KEY and {prefix}_SECRET must hold as many values, in the same order, "
            "separated by commas"
        )
        raise StartError(message)
    return tuple(APIKey(*pair) for pair in zip(keys, secrets, strict=True))


def _listed(text: str | None, name: str, parse: Callable[[str], tuple[T, ...]]) -> tuple[T, ...]:
    """Return what a variable lists; nothing where it is not set."""
    if text is None:
        return ()
    try:
        return parse(text)
    except ValueError as error:
        message = f"{name}: {error}"
        raise StartError(message) from error


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
    """What works with the LiveKit of the settings; all of it shares one client.

    Attributes:
        always: What each process repeats, whatever its role.
        sip_endpoints: Where carriers send calls, as far as that is told.
    """

    livekit: LiveKit
    reconciler: Reconciler
    answering: Answering
    probing: Probing
    always: list[Work]
    sip_endpoints: tuple[SIPEndpoint, ...]

    @property
    def works(self) -> list[Work]:
        """What each worker repeats, beside what every process does."""
        return [*reconcile(self.reconciler), sweep_probe_rooms(self.probing)]

    async def stand(self) -> None:
        """See that the catch-all stands before anything is served, for 2 s at most.

        A number that is registered before would ring for ever; what is not done by then is gone on
        with in the background.
        """
        with suppress(DomainError, TimeoutError):
            async with asyncio.timeout(STANDS_WITHIN_S):
                await self.reconciler.watch_catch_all()


def warn_of_old_addresses(settings: Settings, today: date) -> None:
    """Say in the log that the carriers' catalogue has grown old, unless it is replaced."""
    catalogue = load_catalogue()
    if settings.sip_source_cidrs is None and catalogue.is_old(today):
        log.warning("carrier_addresses_old", as_of=str(catalogue.as_of), days=OLD_AFTER_DAYS)


@asynccontextmanager
async def connected(settings: Settings, db: Database) -> AsyncIterator[Connected]:
    """Connect to the LiveKit of the settings for the time of a block.

    Raises:
        StartError: The settings are wrong.
    """
    cluster = configured_cluster(settings)
    warn_of_old_addresses(settings, datetime.now(UTC).date())
    livekit = LiveKit(CLUSTER, cluster.url, cluster.keys)
    try:
        reconciler = await _reconciler(livekit, cluster, settings, db)
        answering = _answering(livekit, cluster, settings, db)
        probing = Probing(db, livekit, settings.agent_join_timeout)
        dropped = DroppedCallsWatch(cluster.sip_metrics_urls)
        always = [*answering.works, note_watch(db, CLUSTER), *dropped.works]
        try:
            yield Connected(livekit, reconciler, answering, probing, always, cluster.sip_endpoints)
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
    secrets = {key.api_key: key.api_secret for key in cluster.event_keys}
    return Answering(
        db,
        livekit,
        system_clock,
        deadlines,
        secrets,
        requires_registered_agents=settings.require_registered_agents,
    )
