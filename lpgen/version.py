"""The version of lpgen."""

__version__ = "0.1.0"
