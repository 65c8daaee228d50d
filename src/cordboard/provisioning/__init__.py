"""Stories that change several domains at once, one file each."""
