"""Calls: their records, and answering those that ring."""
