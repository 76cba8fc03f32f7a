"""What notebooks and the teacher use: figures, widgets, exercises, the runner, the doctor."""
