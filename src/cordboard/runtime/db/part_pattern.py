"""Search for a part of a name, the same way on both databases."""


def part_pattern(part: str) -> str:
    """Return the LIKE pattern for a part of a case-folded name, every character literally.

    For a LIKE whose ESCAPE is the backslash, against a column that holds the folded name: SQLite
    itself folds ASCII only, and PostgreSQL's ILIKE folds by its locale.
    """
    folded = part.casefold()
    for special in "\\%_":
        folded = folded.replace(special, "\\" + special)
    return f"%{folded}%"
