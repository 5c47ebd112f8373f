"""What changes pictures: one idea a file. Declarations of fixes call these; nothing here judges."""
