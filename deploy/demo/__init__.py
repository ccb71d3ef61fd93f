"""The demonstration: simulated providers, real processes, one page of what became of it all."""
