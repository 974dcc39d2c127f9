"""What to do: thresholds from costs and constraints, cost matrices, abstaining, each chosen on held-out rows."""
