"""Jobs that people, sensors and schedules start."""
