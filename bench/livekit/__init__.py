"""What calls meet, measured against the simulated LiveKit; each module is a process of its own."""
