"""Proposes service control policies and permissions boundaries from what principals used."""
