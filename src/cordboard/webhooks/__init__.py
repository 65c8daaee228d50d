"""Addresses that customers give us to call: which of them may be called at all."""
