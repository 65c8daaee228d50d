"""What livekit-sip's own metrics tell of calls that Cordboard never sees.

A call from an address that no trunk admits matches no rule. livekit-sip drops it without a word:
the caller hears ringing for ever, no room is made, no event is sent. Only a counter of its own
shows it: ``livekit_sip_calls_terminated``, or for what is dropped before it rings
``livekit_sip_invite_error``, with the reason ``flood`` (livekit-sip, ``pkg/stats/monitor.go``).
"""

import asyncio
from urllib.parse import urlsplit

import aiohttp
import structlog
from prometheus_client.parser import text_string_to_metric_families

from cordboard.runtime.errors import DomainError, Kind
from cordboard.runtime.repeating import Work
from cordboard.runtime.telemetry.metrics import SIP_CALLS_DROPPED

log = structlog.get_logger(__name__)

FAMILIES = ("livekit_sip_calls_terminated", "livekit_sip_invite_error")
REASON = "flood"
DEADLINE_S = 3.0
LARGEST_BODY = 4 * 1024 * 1024
CHUNK = 64 * 1024
WATCH_EVERY_S = 15


class SIPMetricsError(DomainError):
    """livekit-sip's metrics cannot be read."""

    kind = Kind.UPSTREAM
    code = "livekit.sip_metrics"
    message = "Metrics unreadable"


def parsed_metrics_urls(text: str) -> tuple[str, ...]:
    """Return the URLs of a comma-separated list.

    Raises:
        ValueError: One is no plain ``http`` or ``https`` URL; the text names its place.
    """
    urls = [part.strip() for part in text.split(",")]
    for place, url in enumerate(urls, 1):
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            message = f"entry {place} is no http or https URL without credentials"
            raise ValueError(message)
    return tuple(urls)


async def read_dropped_calls(url: str) -> int:
    """Return how many calls a livekit-sip has dropped since it started.

    Raises:
        SIPMetricsError: It cannot be asked, or answers something else than its metrics.
    """
    timeout = aiohttp.ClientTimeout(total=DEADLINE_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            answer.raise_for_status()
            raw = b""
            while len(raw) <= LARGEST_BODY and (more := await answer.content.read(CHUNK)):
                raw += more
    except TimeoutError as error:
        message = f"{url} gives no metrics within {DEADLINE_S:g} s"
        raise SIPMetricsError(message) from error
    except aiohttp.ClientError as error:
        message = f"{url} gives no metrics: {error}"
        raise SIPMetricsError(message) from error
    return dropped_calls(raw, url)


def dropped_calls(raw: bytes, url: str) -> int:
    """Return the number of dropped calls in livekit-sip's metrics; a counter not there is 0.

    Raises:
        SIPMetricsError: These are not its metrics.
    """
    try:
        families = list(text_string_to_metric_families(raw.decode()))
    except ValueError as error:
        message = f"{url} answers something else than metrics"
        raise SIPMetricsError(message) from error
    names = {family.name for family in families}
    if len(raw) > LARGEST_BODY or not any(name.startswith("livekit_sip_") for name in names):
        message = f"{url} answers something else than the metrics of a livekit-sip"
        raise SIPMetricsError(message)
    counted = (
        sample.value
        for family in families
        if family.name in FAMILIES
        for sample in family.samples
        if sample.labels.get("reason") == REASON and not sample.name.endswith("_created")
    )
    return round(sum(counted))


class DroppedCallsWatch:
    """Sees the count of dropped calls rise, at each livekit-sip."""

    def __init__(self, urls: tuple[str, ...]) -> None:
        """Know no count yet: what was dropped before is no news."""
        self._urls = urls
        self._counts: dict[str, int] = {}

    @property
    def works(self) -> list[Work]:
        """What a process repeats; nothing where there is nothing to read."""
        if not self._urls:
            return []
        return [Work("watch_sip_metrics", self.look, WATCH_EVERY_S)]

    async def look(self) -> None:
        """Read every count, and raise the alarm for those that have risen.

        Raises:
            SIPMetricsError: One cannot be read; the others were all the same.
        """
        read = [read_dropped_calls(url) for url in self._urls]
        found = await asyncio.gather(*read, return_exceptions=True)
        failures = []
        for url, count in zip(self._urls, found, strict=True):
            if isinstance(count, BaseException):
                failures.append(count)
            else:
                self._note(url, count)
        if failures:
            raise failures[0]

    def _note(self, url: str, count: int) -> None:
        before = self._counts.get(url, count)
        # A livekit-sip that was restarted counts from 0 again.
        risen = count - before if count >= before else count
        self._counts[url] = count
        if risen:
            SIP_CALLS_DROPPED.inc(risen)
            log.warning("sip_calls_dropped", url=url, dropped=risen, since_its_start=count)
