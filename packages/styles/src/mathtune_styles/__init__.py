"""Problem readers, splits, the solution styles and their profiles."""
