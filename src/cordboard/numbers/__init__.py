"""Phone numbers and their life: registered, bound to agents, changed, deleted."""
