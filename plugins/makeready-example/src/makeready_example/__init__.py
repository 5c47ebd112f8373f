"""An example of a plug-in for makeready: one check (``checks.py``) and one house profile (a TOML file)."""
