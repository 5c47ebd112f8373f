"""Text in pictures: where it is, which of its pixels are ink, and whether it was laid over the picture afterwards."""
