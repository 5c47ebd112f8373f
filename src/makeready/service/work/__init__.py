"""The work itself, one module an operation. All of it runs in a child, and nothing here touches network or database."""
