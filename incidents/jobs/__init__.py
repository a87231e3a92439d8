"""Door 5, time: what rings, what leaves, and what is tidied up, all driven by one clock process."""
