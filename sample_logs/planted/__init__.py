"""The fictional organization Larkspur Outdoor: who is in it, what they did, and what lpgen should conclude."""
