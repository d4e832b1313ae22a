"""Rolling out a replacement: the calls that put it in place, their order, their inverse, and reasons to refuse."""
