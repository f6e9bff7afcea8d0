"""Training with several processes: meeting, orders of the chief, lost workers."""
