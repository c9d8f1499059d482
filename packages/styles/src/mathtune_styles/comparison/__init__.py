"""What the stage compare_styles measures: the solution styles' datasets side by side."""
