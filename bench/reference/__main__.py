"""Serve the reference: `python -m bench.reference --database URL --port N --style core`.

The key pair comes from the environment: `BENCH_API_KEY` and `BENCH_API_SECRET`.
"""

import argparse
import gc
import os

import uvicorn

from bench.reference.app import build_app
from bench.reference.caller import Callers, secret_digest
from bench.reference.database import open_database
from bench.reference.store import CoreStore, Store, UnitOfWorkStore
from bench.reference.tables import KeyPair

_PEPPER = bytes(range(32))
_STYLES: dict[str, type[CoreStore]] = {"core": CoreStore, "unit-of-work": UnitOfWorkStore}


def main() -> None:
    """Serve in one process with one worker, on uvloop and httptools, without an access log."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--style", choices=_STYLES, default="core")
    options = parser.parse_args()
    database = open_database(options.database)
    store: Store = _STYLES[options.style](database)
    key_pair = KeyPair(
        api_key=os.environ["BENCH_API_KEY"],
        organization_id="org_reference",
        secret_digest=secret_digest(_PEPPER, os.environ["BENCH_API_SECRET"]),
        scopes="admin",
        revoked_at_ms=None,
        expires_at_ms=None,
    )
    app = build_app(database, store, Callers(store, _PEPPER), key_pair)
    # What is loaded now lives as long as the process: the collector need not walk it again.
    gc.freeze()
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=options.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


main()
