"""What an operator asks and what the night checks: doctor, audit anchors, verification of all files."""
