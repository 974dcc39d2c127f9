"""What is wrong with this data, these predictions, this training: named checks with evidence and cure."""
