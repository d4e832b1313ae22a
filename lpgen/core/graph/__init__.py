"""IAM as a network: which principal can become which other one, in which documented way, and over which paths."""
