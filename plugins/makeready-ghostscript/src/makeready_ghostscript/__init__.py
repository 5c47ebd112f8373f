"""Fixes for makeready by Ghostscript: ``ghostscript.py`` runs it, ``redraw.py`` puts its pages into a file."""
