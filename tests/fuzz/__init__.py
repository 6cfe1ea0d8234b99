"""Fuzzing of what reads strangers' text: ``python -m tests.fuzz --seconds 60`` runs every target so long."""
