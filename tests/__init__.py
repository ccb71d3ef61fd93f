"""Tests of Tillstream. Vectors are data; everything real is real."""
