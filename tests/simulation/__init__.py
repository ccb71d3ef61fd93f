"""The whole pipeline in one thread, on a simulated Kafka and a simulated clock, by seed."""
