"""Every metric of the process, in one place (Prometheus text format at ``/metrics``).

Labels never hold a number, a name or an id of a customer: their sets are closed.
"""

from prometheus_client import Counter, Gauge, Histogram

HTTP_REQUESTS = Counter(
    "cordboard_http_requests_total", "Answered HTTP requests.", ["method", "route", "status"]
)
HTTP_SECONDS = Histogram(
    "cordboard_http_request_seconds",
    "Time from a request's head to its answer, in seconds.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
DATABASE_QUEUE_DEPTH = Gauge(
    "cordboard_database_queue_depth", "Writes waiting for the SQLite writer."
)
DATABASE_GROUP_SIZE = Histogram(
    "cordboard_database_group_size",
    "Transactions that shared one SQLite commit.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
)
DATABASE_POOL_IN_USE = Gauge("cordboard_database_pool_in_use", "PostgreSQL connections in use.")
HTTP_REFUSALS = Counter(
    "cordboard_http_refusals_total",
    "Answers that are refusals or failures, by their code.",
    ["code"],
)
BUILD = Gauge(
    "cordboard_build_info", "Always 1; the labels say what runs.", ["version", "role", "database"]
)
DATABASE_WAL_BYTES = Gauge(
    "cordboard_database_wal_bytes", "Size of SQLite's write-ahead log, 0 on PostgreSQL."
)
OUTBOX_EVENTS = Gauge(
    "cordboard_outbox_events", "Events in the outbox, read ones too; kept for a day."
)
CALLS_ENDED = Counter(
    "cordboard_calls_ended_total", "Calls that ended, by the reason in their record.", ["reason"]
)
DIALS = Counter("cordboard_dials_total", "Dials, by what came of them.", ["outcome"])
OUTBOUND_REFUSALS = Counter(
    "cordboard_outbound_refusals_total",
    "Outbound calls that a guard refused before anything was dialled, by the guard.",
    ["reason"],
)
SIP_CALLS_DROPPED = Counter(
    "cordboard_sip_calls_dropped_total",
    "Calls that livekit-sip was seen to drop because they matched no rule.",
)
WORK_FAILURES = Counter(
    "cordboard_work_failures_total", "Turns of background work that failed.", ["work"]
)
