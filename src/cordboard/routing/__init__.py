"""Which agent answers a call, and what must exist at LiveKit for that to be true."""
