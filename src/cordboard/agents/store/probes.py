"""What probes of agents' versions found, and the rooms in which they were made."""

from cordboard.agents.model import Probe
from cordboard.runtime.db import ReadTx, WriteTx
from cordboard.runtime.ids import AgentId, OrganizationId

COLUMNS = """organization_id, agent_id, version, livekit_agent_name, livekit_deployment, is_served,
    probed_ms"""


async def update_probe(tx: WriteTx, probe: Probe) -> None:
    """Note what the latest probe of a version found, in place of what an earlier one did."""
    await tx.execute(
        f"""INSERT INTO agent_probe ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (agent_id, version) DO UPDATE SET
              livekit_agent_name = excluded.livekit_agent_name,
              livekit_deployment = excluded.livekit_deployment,
              is_served = excluded.is_served, probed_ms = excluded.probed_ms""",
        probe.organization_id,
        probe.agent_id,
        probe.version,
        probe.livekit_agent_name,
        probe.livekit_deployment,
        int(probe.is_served),
        probe.probed_ms,
    )


async def find_probe(
    tx: ReadTx, organization_id: OrganizationId, agent_id: AgentId, version: int
) -> Probe | None:
    """Return what the latest probe of a version found, or None when there was none."""
    row = await tx.fetch_one(
        f"""SELECT {COLUMNS} FROM agent_probe
            WHERE agent_id = $1 AND version = $2 AND organization_id = $3""",
        agent_id,
        version,
        organization_id,
    )
    if row is None:
        return None
    organization, agent, number, name, deployment, is_served, probed_ms = row
    return Probe(organization, agent, number, name, deployment, bool(is_served), probed_ms)


async def insert_probe_room(
    tx: WriteTx, organization_id: OrganizationId, cluster_id: str, room: str
) -> None:
    """Note a room that is about to be made, so that it is removed whatever becomes of the probe."""
    await tx.execute(
        """INSERT INTO agent_probe_room (room, cluster_id, organization_id, begun_ms)
           VALUES ($1, $2, $3, $4)""",
        room,
        cluster_id,
        organization_id,
        tx.now_ms,
    )


async def list_old_probe_rooms(tx: ReadTx, cluster_id: str, age_ms: int, limit: int) -> list[str]:
    """Return rooms whose probes are over by now, however they went."""
    rows = await tx.fetch_all(
        """SELECT room FROM agent_probe_room WHERE cluster_id = $1 AND begun_ms < $2
           ORDER BY begun_ms LIMIT $3""",
        cluster_id,
        tx.now_ms - age_ms,
        limit,
    )
    return [row[0] for row in rows]


async def delete_probe_room(tx: WriteTx, room: str) -> None:
    """Forget a room that is gone."""
    await tx.execute("DELETE FROM agent_probe_room WHERE room = $1", room)
