"""Colours and the inks that print them: conversion for a press, black alone, total ink, and how far colours differ.

All of it takes and gives numbers or pixels; files are others' business. Profiles are applied by LittleCMS, which
libvips brings along in 16 bits.
"""

from makeready.colour.cie import ciede2000
from makeready.colour.littlecms import Intent, UnusableProfile
from makeready.colour.total_ink import InkLimit, limit
from makeready.colour.transform import CalGray, CalRgb, Lab, Source, Transform, transform

__all__ = [
    "CalGray",
    "CalRgb",
    "InkLimit",
    "Intent",
    "Lab",
    "Source",
    "Transform",
    "UnusableProfile",
    "ciede2000",
    "limit",
    "transform",
]
