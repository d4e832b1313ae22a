"""Rolling a replacement out: the calls that put it in place, their order, their inverse, and when to refuse."""
