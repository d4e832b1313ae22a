"""Judgements on each action of a principal: its verdict, its danger, and hints from its use."""
