"""All that reading a PDF takes, loaded at once: for a process from which those that read are forked."""

import numpy as np
import pymupdf

from makeready.pdf import boxes, document, gamut, interpreter, looks

__all__ = ["boxes", "document", "gamut", "interpreter", "looks", "np", "pymupdf"]
