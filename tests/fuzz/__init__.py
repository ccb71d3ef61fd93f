"""Coverage-guided fuzzing of every provider: `make fuzz`."""
