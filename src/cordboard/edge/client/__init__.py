"""A client of our own API: requests as values (one file per resource), and what sends them."""
