"""``python -m makeready`` is the command line."""

from makeready.cli import main

main()
