"""The backtest: the later use that replacements made from past days would have denied."""
