"""What happens once in the life of an installation."""

from cordboard.runtime.db import WriteTx


async def claim_once(tx: WriteTx, name: str) -> bool:
    """Take a name for good; False when somebody has it, or gets it while we wait for him.

    The claim is one of the transaction: if that is rolled back, the name is free again.
    """
    claimed = await tx.execute(
        "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        name,
        str(tx.now_ms),
    )
    return claimed == 1
