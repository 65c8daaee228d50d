"""What every domain stands on: database, ids, time, errors, settings, secrets, telemetry."""
