"""The fictional organization Larkspur Outdoor: who is in it, what they did in 120 days, and what lpgen should conclude."""
