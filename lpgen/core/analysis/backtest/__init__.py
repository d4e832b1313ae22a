"""The backtest: which later use the replacements made from past days would have denied."""
