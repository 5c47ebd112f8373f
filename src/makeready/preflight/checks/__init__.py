"""The built-in checks, one subject a file. A check judges facts and never opens the file."""
