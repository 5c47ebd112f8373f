"""What changes PDFs: one idea a file. Declarations of fixes call these; nothing here judges."""
