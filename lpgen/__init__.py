"""lpgen makes AWS roles least-privileged from what CloudTrail shows they really do."""

__version__ = "0.1.0"
