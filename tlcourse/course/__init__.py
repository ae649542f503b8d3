"""What runs the course, and no lesson imports."""
