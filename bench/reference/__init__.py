"""The obvious alternative: FastAPI, SQLAlchemy 2 (async) and aiosqlite or asyncpg.

The same request, validation, authentication, durability and answer as Cordboard's create,
get and list of phone numbers, written and tuned as a good engineer would. It does less:
one row per number, no history, no outbox event, no idempotency, no agent look-up, no ETag.
"""
