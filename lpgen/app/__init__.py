"""The use cases: one module per stage, in the order of the data. Only these join the pure core and its edge."""
