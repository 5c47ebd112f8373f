"""The service: accounts, wallets, jobs and files behind public HTTP APIs, on one machine or on many.

``Service`` is all that an API needs; a dialect imports it and what it raises, and nothing below. Money and the state of
jobs live in one database, files in one store; every process reads its settings and finds the rest there.
"""
