"""SARIF 2.1.0: findings for code scanning."""
