"""xent: from labelled data to a decision that can be defended."""
__version__ = "0.1.0"
