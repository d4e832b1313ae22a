"""The checks that prove a written replacement, by kind of proof. None of them shares a decision with generation."""
