"""The load client: a process of its own that sends prepared requests over raw sockets."""
