"""What ``cordboard doctor`` finds at LiveKit."""

from datetime import UTC, date, datetime

from cordboard.operator.call_findings import call_findings
from cordboard.operator.livekit import CLUSTER, Cluster, configured_cluster, opened_reconciler
from cordboard.operator.sip_findings import sip_findings
from cordboard.provisioning.find_drift import find_drift
from cordboard.routing.carrier_addresses import OLD_AFTER_DAYS, load_catalogue
from cordboard.routing.drift import Drift, DriftKind
from cordboard.routing.livekit_errors import LiveKitError, LiveKitKeyRefusedError
from cordboard.routing.topology import CATCH_ALL
from cordboard.runtime.clock import system_clock
from cordboard.runtime.db import Database
from cordboard.runtime.db.examination import Finding, Level
from cordboard.runtime.errors import StartError
from cordboard.runtime.settings import Settings

MOST_SHOWN = 20


async def livekit_findings(settings: Settings, db: Database) -> list[Finding]:
    """Look whether LiveKit answers, takes the key, and is what it should be."""
    try:
        cluster = configured_cluster(settings)
    except StartError as error:
        return [Finding("livekit", Level.BROKEN, str(error))]
    today = datetime.now(UTC).date()
    return [
        *await _at_livekit(cluster, settings, db),
        *address_findings(settings, today),
        *await sip_findings(settings, cluster),
        *await call_findings(settings, db, CLUSTER, system_clock),
    ]


async def _at_livekit(cluster: Cluster, settings: Settings, db: Database) -> list[Finding]:
    try:
        async with opened_reconciler(cluster, settings, db) as reconciler:
            found = await find_drift(reconciler)
    except LiveKitKeyRefusedError:
        text = "takes none of the keys in CORDBOARD_LIVEKIT_API_KEY; they need the grant sip.admin"
        return [Finding("livekit", Level.BROKEN, f"{cluster.url} {text}")]
    except LiveKitError as error:
        return [Finding("livekit", Level.BROKEN, f"{cluster.url}: {error.detail}")]
    answers = Finding("livekit", Level.OK, f"{cluster.url} answers and takes the key")
    return [answers, _catch_all(found), *_shown(found)]


def _catch_all(found: list[Drift]) -> Finding:
    """Every call rings through it; without it only numbers with a pair of their own ring."""
    own = [each for each in found if each.tag == CATCH_ALL and each.kind is not DriftKind.SURPLUS]
    if not own:
        return Finding("catch-all", Level.OK, "stands: every number rings")
    if own[0].kind is DriftKind.BLOCKED:
        return Finding("catch-all", Level.BROKEN, own[0].detail)
    text = f"{own[0].detail}; a running worker puts it right within seconds"
    return Finding("catch-all", Level.BROKEN, text)


def _shown(found: list[Drift]) -> list[Finding]:
    rest = [each for each in found if each.tag != CATCH_ALL or each.kind is DriftKind.SURPLUS]
    if not rest:
        return [Finding("drift", Level.OK, "none: LiveKit is what it should be")]
    findings = [
        Finding("drift", Level.WARNING, f"{each.kind}: {each.detail}") for each in rest[:MOST_SHOWN]
    ]
    if len(rest) > MOST_SHOWN:
        text = f"{len(rest) - MOST_SHOWN} more differences"
        findings.append(Finding("drift", Level.WARNING, text))
    return findings


def address_findings(settings: Settings, today: date) -> list[Finding]:
    """Complain about a carriers' catalogue that has grown old, unless it is replaced."""
    if settings.sip_source_cidrs is not None:
        return []
    catalogue = load_catalogue()
    if not catalogue.is_old(today):
        text = f"the carriers' catalogue is of {catalogue.as_of}"
        return [Finding("source addresses", Level.OK, text)]
    text = (
        f"the carriers' catalogue is of {catalogue.as_of}, more than {OLD_AFTER_DAYS} days old; a "
        "carrier's new addresses ring for ever: update, or set CORDBOARD_SIP_SOURCE_CIDRS"
    )
    return [Finding("source addresses", Level.WARNING, text)]
