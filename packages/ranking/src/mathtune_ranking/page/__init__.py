"""The parts of report.html: its figures, its charts, its explorer and the template that holds them together."""
