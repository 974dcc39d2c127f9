"""Whether probabilities mean what they say: reliability, its tests, and what makes good for it."""
