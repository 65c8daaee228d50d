"""A simulated LiveKit: the same API for trunks, rules, rooms and dispatches, over real HTTP.

It behaves like livekit-server 1.13.5 where that was observed, traps included, and keeps a ledger of
everything it was asked.
"""

from cordboard.simulated.livekit.faults import Fault, FaultKind, Faults
from cordboard.simulated.livekit.server import SimulatedLiveKit, simulated_livekit

__all__ = ["Fault", "FaultKind", "Faults", "SimulatedLiveKit", "simulated_livekit"]
