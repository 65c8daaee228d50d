"""Voice agents and their versions: which worker answers, and what it should say."""
