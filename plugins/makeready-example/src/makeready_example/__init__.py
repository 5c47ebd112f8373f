"""An example of a plug-in for makeready: one check (``checks.py``), one fix (``fixes.py``) and one house
profile (a TOML file).
"""
