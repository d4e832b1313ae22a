"""The checks that prove a written replacement, one a module. None of them shares a decision with generation."""
