"""The use cases, one module per stage. Only these modules join the pure core and its edge."""
