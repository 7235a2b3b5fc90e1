"""Behind the seal: the read models that follow it, and the watch that compares rows with facts."""
