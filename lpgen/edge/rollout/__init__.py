"""Applies replacements. Only this part of lpgen changes anything in AWS."""
