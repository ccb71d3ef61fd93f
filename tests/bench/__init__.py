"""What each stage costs, as CPU per callback and as ratios, all in one run: `make bench`."""
