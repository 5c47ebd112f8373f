"""The edits themselves, one family a file."""
