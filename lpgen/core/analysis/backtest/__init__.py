"""The backtest: what the replacements of past days would have denied on the days after."""
