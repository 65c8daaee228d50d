"""Tenants, their API key pairs and what each pair may do."""
