"""Migrations: each file in ``versions`` leads from one state of the tables to the next, and back.

Change ``tables.py``, then run ``python -m makeready.service.migrations "what changes"``: it writes the next file, for
you to read and finish, and says what ``schema.HEAD`` has to be. Tests hold the tables that migrations make against
``tables.py``, on both databases.
"""
