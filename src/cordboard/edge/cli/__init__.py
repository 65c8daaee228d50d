"""The command line for users: a face of the API, with profiles that hold key pairs."""
