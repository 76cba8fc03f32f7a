"""The shared library of the BiSeNet V2 workbook; the notebooks teach what it does."""

__version__ = "0.1.0"
