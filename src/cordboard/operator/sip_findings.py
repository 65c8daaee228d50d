"""What ``cordboard doctor`` finds about the way of calls to and through livekit-sip."""

import asyncio
from collections.abc import Iterator

from cordboard.operator.livekit import Cluster
from cordboard.routing.sip_metrics import SIPMetricsError, read_dropped_calls
from cordboard.runtime.db.examination import Finding, Level
from cordboard.runtime.settings import Settings


async def sip_findings(settings: Settings, cluster: Cluster) -> list[Finding]:
    """Say where carriers and LiveKit send to, and look how many calls were dropped unseen."""
    dropped = await asyncio.gather(*(_dropped(url) for url in cluster.sip_metrics_urls))
    return [*_addresses(settings, cluster), *dropped]


def _addresses(settings: Settings, cluster: Cluster) -> Iterator[Finding]:
    if cluster.sip_endpoints:
        uris = ", then ".join(endpoint.uri for endpoint in cluster.sip_endpoints)
        yield Finding("sip endpoints", Level.OK, f"carriers send calls to {uris}")
    keys = ", ".join(key.api_key for key in cluster.event_keys)
    where = settings.public_url or f"http://{settings.host}:{settings.port}"
    text = f"LiveKit's webhook.urls must name {where}/livekit/events, and webhook.api_key one of "
    yield Finding("livekit events", Level.OK, f"{text}{keys}")


async def _dropped(url: str) -> Finding:
    try:
        count = await read_dropped_calls(url)
    except SIPMetricsError as error:
        return Finding("sip metrics", Level.WARNING, error.detail)
    if count == 0:
        return Finding("sip metrics", Level.OK, f"{url}: no call was dropped")
    text = (
        f"{url}: {count} calls matched no rule since livekit-sip started; their callers hear "
        "ringing for ever. They came from addresses that no trunk admits (or were scans): see "
        "CORDBOARD_SIP_SOURCE_CIDRS"
    )
    return Finding("sip metrics", Level.WARNING, text)
