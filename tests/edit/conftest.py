"""What tests of edits share with those of fixes: networks that need no weights."""

from fixes.conftest import bright_models, finds_bright, finds_red, red_models

__all__ = ["bright_models", "finds_bright", "finds_red", "red_models"]
