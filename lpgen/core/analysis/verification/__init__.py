"""The checks that prove a written replacement, by kind of proof. No check shares a decision with generation."""
